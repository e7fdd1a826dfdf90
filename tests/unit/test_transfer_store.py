"""The store: private, durable, all or nothing, and clear when its file is of no use."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.transfer import rows
from emulator.transfer.errors import StoreError
from emulator.transfer.model import HomeMapping, HostKey, Server, SshPublicKey, Tag, User
from emulator.transfer.store import Store

HOST_KEY = HostKey(
    "hostkey-1", "ssh-ed25519", "secret", datetime.now(UTC), "ours", (Tag("c", "d"),)
)
SERVER = Server(
    "s-0", "arn:server", "ONLINE", (HOST_KEY,), {"Protocols": ["SFTP"]}, (Tag("a", "b"),)
)
TEXT = st.text(max_size=8)
USERS = st.builds(
    User,
    server_id=st.just("s-0"),
    name=TEXT,
    arn=TEXT,
    role=TEXT,
    home_directory_type=st.sampled_from(["PATH", "LOGICAL"]),
    home_mappings=st.lists(
        st.builds(HomeMapping, TEXT, TEXT, st.sampled_from(["FILE", None])), max_size=2
    ).map(tuple),
    policy=st.none() | TEXT,
    posix_profile=st.none() | st.just({"Uid": 1, "Gid": 2, "SecondaryGids": [3]}),
    ssh_public_keys=st.lists(
        st.builds(SshPublicKey, TEXT, TEXT, st.datetimes(timezones=st.just(UTC))), max_size=2
    ).map(tuple),
    tags=st.lists(st.builds(Tag, TEXT, TEXT), max_size=2).map(tuple),
)


def a_user(name: str) -> User:
    return User(server_id="s-0", name=name, arn=f"arn:{name}", role="arn:role")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "transfer.sqlite3"


@pytest.fixture
def own(path: Path) -> Iterator[Store]:
    """The store at `path`, with one server."""
    with Store(path) as opened:
        with opened.transaction() as change:
            change.put_server(SERVER)
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("state") / "transfer.sqlite3") as opened:
        yield opened


@pytest.fixture
def store(shared: Store) -> Store:
    """A store with one server, for tests that do not look at its file."""
    with shared.transaction() as change:
        for server in shared.servers():
            change.delete_server(server.id)
        change.put_server(SERVER)
    return shared


def add(store: Store, *names: str) -> None:
    with store.transaction() as change:
        for name in names:
            change.put_user(a_user(name))


@settings(max_examples=30)
@given(USERS)
def test_a_user_comes_back_as_it_was(user: User) -> None:
    assert rows.user(rows.document(user)) == user


def test_what_is_stored_is_there_after_a_restart(own: Store, path: Path) -> None:
    add(own, "acme")
    revision = own.revision()
    own.close()
    with Store(path) as again:
        assert again.servers() == [SERVER]
        assert again.user("s-0", "acme") == a_user("acme")
        assert again.revision() == revision


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.server("s-1") is None
    assert store.user("s-0", "acme") is None


def test_the_file_and_its_folder_are_private(own: Store, path: Path) -> None:
    modes = {item.name: item.stat().st_mode & 0o777 for item in path.parent.iterdir()}
    assert own.revision() == 1
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}


def test_pages_are_in_order_and_of_one_server(store: Store) -> None:
    with store.transaction() as change:
        change.put_server(replace(SERVER, id="s-1"))
        change.put_user(replace(a_user("other"), server_id="s-1"))
    add(store, "c", "a", "b")
    assert [user.name for user in store.user_page("s-0", after="a", limit=1)] == ["b"]
    assert [user.name for user in store.user_page("s-0", after="", limit=-1)] == ["a", "b", "c"]
    assert store.user_count("s-0") == 3


def test_a_deleted_server_takes_its_users_along(store: Store) -> None:
    add(store, "acme")
    with store.transaction() as change:
        change.delete_server("s-0")
    assert store.user("s-0", "acme") is None
    assert store.user_count("s-0") == 0


def test_changing_a_server_keeps_its_users(store: Store) -> None:
    add(store, "acme")
    with store.transaction() as change:
        change.put_server(replace(SERVER, state="OFFLINE"))
    assert store.user("s-0", "acme") is not None


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    revision = store.revision()

    def fail_half_way() -> None:
        with store.transaction() as change:
            change.put_user(a_user("acme"))
            raise KeyError("half way")

    with pytest.raises(KeyError):
        fail_half_way()
    assert store.user("s-0", "acme") is None
    assert store.revision() == revision


def test_another_process_sees_each_change_at_once(own: Store, path: Path) -> None:
    with Store(path) as other:
        before = other.revision()
        add(own, "acme")
        assert other.user("s-0", "acme") is not None
        assert other.revision() > before


def test_threads_and_stores_do_not_lose_changes(own: Store, path: Path) -> None:
    with Store(path) as other, ThreadPoolExecutor(8) as pool:
        names = [f"user{number}" for number in range(20)]
        list(pool.map(lambda item: add((own, other)[item[0] % 2], item[1]), enumerate(names)))
    assert own.user_count("s-0") == 20
    assert own.revision() == 21


def test_after_a_kill_all_that_was_answered_is_there_and_nothing_by_halves(path: Path) -> None:
    script = """if True:
        import itertools, sys
        from pathlib import Path
        from emulator.transfer.model import Server, User
        from emulator.transfer.store import Store
        store = Store(Path(sys.argv[1]))
        with store.transaction() as change:
            change.put_server(Server("s-0", "arn", "ONLINE"))
        for number in itertools.count():
            with store.transaction() as change:
                change.put_user(User("s-0", f"left{number}", "arn", "role"))
                change.put_user(User("s-0", f"right{number}", "arn", "role"))
            print(number, flush=True)
    """
    writer = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer, writer.stdout as answers:
        answered = [int(answers.readline()) for _ in range(20)][-1]
        writer.kill()
    with Store(path) as store:
        names = {user.name for user in store.user_page("s-0", after="", limit=-1)}
    left = {name.removeprefix("left") for name in names if name.startswith("left")}
    right = {name.removeprefix("right") for name in names if name.startswith("right")}
    assert left == right
    assert {str(number) for number in range(answered + 1)} <= left


def test_a_file_that_is_no_store_is_named_with_the_way_out(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("this is not a database" * 100)
    with pytest.raises(StoreError, match=r"transfer\.sqlite3' \(file is not a database\) - .*move"):
        Store(path)


def test_a_damaged_file_is_named_with_the_way_out(path: Path) -> None:
    with Store(path) as store:
        with store.transaction() as change:
            change.put_server(SERVER)
        add(store, *(f"user{number}" for number in range(300)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="malformed"), Store(path) as store:
        store.servers()


def test_a_damaged_row_is_named(own: Store, path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("UPDATE servers SET document = '{\"id\": '")
    db.close()
    with pytest.raises(StoreError, match="a damaged row"):
        own.servers()


def test_a_store_of_another_format_is_left_alone(own: Store, path: Path) -> None:
    own.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="its format is 99"):
        Store(path)


def test_a_path_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot use the Transfer store: '.*file/store'"):
        Store(tmp_path / "file" / "store")


def test_a_closed_store_says_so(own: Store) -> None:
    own.close()
    with pytest.raises(StoreError, match="closed database"):
        own.servers()
