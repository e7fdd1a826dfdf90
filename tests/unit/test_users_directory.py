"""Users are made and changed in one place, and every change is on record."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import asyncssh
import pytest
from botocore.exceptions import EndpointConnectionError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from sftp_watchdog.errors import LedgerError

from emulator.transfer.store import Store
from quillgate.errors import TargetError, UserError
from quillgate.users.model import HomeType, PublicKey
from tests.unit.users_fakes import BUCKET, ROLE, Killed, Stack, new_key, new_keys
from tests.unit.watchdog_fakes import client_error


def _fingerprints(stack: Stack, name: str = "acme") -> set[str]:
    return {key.fingerprint for key in stack.directory.find(name).keys}


def test_a_user_is_made_with_a_home_folders_and_keys(stack: Stack) -> None:
    one, two = new_key("jo"), new_key()
    account = stack.directory.add("acme", [one, two])
    assert (account.home, account.folder) == (f"/{BUCKET}/acme", "acme")
    assert [(key.line, key.bits) for key in account.keys] == [(one.line, 256), (two.line, 256)]
    assert account.created_by == "kim"
    assert set(stack.uploads.objects) == {"acme/", "acme/incoming/", "acme/outgoing/"}
    assert stack.trail() == [("users add", "acme", "done")]
    assert stack.directory.find("acme") == account


def test_a_logical_home_is_known_by_its_folder(stack: Stack) -> None:
    account = stack.directory.add("acme", [new_key()], folder="old/acme", home_type="LOGICAL")
    assert (account.home, account.home_type) == (f"/{BUCKET}/old/acme", "LOGICAL")
    [listed] = stack.directory.page().users
    assert listed == next(stack.directory.every())
    assert (listed.home, listed.key_count) == (f"/{BUCKET}/old/acme", 1)
    with pytest.raises(UserError, match="it is inside"):
        stack.directory.add("other", [new_key()], folder="old/acme/sub")


@pytest.mark.parametrize("folder", ["acme", "acme/sub", "acme/incoming/x", "/acme/"])
def test_a_home_is_nobody_elses(stack: Stack, folder: str) -> None:
    stack.directory.add("acme", [new_key()])
    with pytest.raises(UserError, match="home of acme - name another folder"):
        stack.directory.add("other", [new_key()], folder=folder)
    assert stack.directory.add("acme-corp", [new_key()]).folder == "acme-corp"


def test_a_home_is_not_around_anothers(stack: Stack) -> None:
    stack.directory.add("acme", [new_key()], folder="eu/fr/acme")
    for folder in ("eu", "eu/fr"):
        with pytest.raises(UserError, match="the home of acme is inside it"):
            stack.directory.add("other", [new_key()], folder=folder)
    stack.directory.add("other", [new_key()], folder="eu/fr/other")


@pytest.mark.parametrize(
    "folder", ["", "/", "a//b", "a/../b", ".", "a*", "a?", "${x}", 'a"b', "a\\b", "a\nb", "x" * 801]
)
def test_a_folder_that_policies_would_misread_is_refused(stack: Stack, folder: str) -> None:
    with pytest.raises(UserError):
        stack.directory.add("acme", [new_key()], folder=folder)
    assert not stack.transfer.writes


def test_other_folders_are_taken_as_they_are(stack: Stack) -> None:
    for number, folder in enumerate(["q3 sales+é", "50%", "jo's", "a.b", "{x}", "[y]"]):
        home_type: HomeType = "LOGICAL" if number % 2 else "PATH"
        account = stack.directory.add(f"user{number}", [], folder=folder, home_type=home_type)
        assert account.folder == folder


@pytest.mark.parametrize("name", ["", "ab", "-ab", "a b", "jürgen", "a/b", "a" * 101, "abc\n"])
def test_names_that_transfer_does_not_take_are_explained(stack: Stack, name: str) -> None:
    with pytest.raises(UserError, match="3 to 100 letters"):
        stack.directory.add(name, [new_key()])


def test_a_name_is_given_once(stack: Stack) -> None:
    stack.directory.add("acme", [new_key()])
    with pytest.raises(UserError, match="exists already"):
        stack.directory.add("acme", [new_key()])


def test_a_user_who_is_not_there_is_named_with_those_near(stack: Stack) -> None:
    stack.directory.add("acme-corp", [])
    for look in (stack.directory.find, stack.directory.remove, stack.directory.disable):
        with pytest.raises(TargetError, match="did you mean acme-corp"):
            look("acme-crop")
    with pytest.raises(TargetError, match="no such user"):
        stack.directory.find("no\nname")
    assert stack.trail() == [("users add", "acme-corp", "done")]


def test_a_key_has_one_user_unless_that_is_allowed(stack: Stack) -> None:
    key = new_key()
    stack.directory.add("acme", [key])
    stack.directory.add("other", [])
    with pytest.raises(UserError, match=r"acme has that key already.*--allow-shared-key"):
        stack.directory.add("third", [key])
    with pytest.raises(UserError, match="acme has that key already"):
        stack.directory.add_key("other", key)
    assert stack.directory.add_key("other", key, allow_shared=True).has(key.fingerprint)


def test_a_key_of_a_disabled_user_is_still_his(stack: Stack) -> None:
    key = new_key()
    stack.directory.add("acme", [key])
    stack.directory.disable("acme")
    with pytest.raises(UserError, match="acme has that key already"):
        stack.directory.add("other", [key])


@pytest.mark.parametrize("shown", ["{0.id}", "{0.fingerprint}", "{0.fingerprint}=", " {0.line}\n"])
def test_a_key_is_named_by_itself_too(stack: Stack, shown: str) -> None:
    account = stack.directory.add("acme", [new_key("jo"), new_key("jo")])
    left = stack.directory.remove_key("acme", shown.format(account.keys[0]))
    assert left.keys == account.keys[1:]


def test_a_key_that_was_removed_is_free(stack: Stack) -> None:
    key, other = new_key(), new_key()
    stack.directory.add("acme", [key, other])
    stack.directory.remove_key("acme", key.fingerprint)
    stack.directory.add("second", [key])
    stack.directory.remove("second")
    stack.directory.add("third", [key])


def test_keys_of_users_made_elsewhere_are_learnt_once(stack: Stack) -> None:
    key = new_key()
    _made_elsewhere(stack, "acme", SshPublicKeyBody=key.line)
    for _ in range(2):
        stack.directory.learn_keys()
    assert stack.transfer.calls.count("ListUsers") == 1
    with pytest.raises(UserError, match="acme has that key already"):
        stack.directory.add("other", [key])


def test_the_same_key_again_changes_nothing(stack: Stack) -> None:
    key = new_key()
    before = stack.directory.add("acme", [key])
    stack.transfer.calls.clear()
    assert stack.directory.add_key("acme", key) == before
    assert not stack.transfer.writes
    assert len(stack.trail()) == 1


def test_keys_are_removed_by_id_or_fingerprint(stack: Stack) -> None:
    keys = list(islice(new_keys(), 4))
    account = stack.directory.add("acme", keys)
    for each in (account.keys[0].id, keys[1].fingerprint, keys[2].fingerprint[7:]):
        account = stack.directory.remove_key("acme", each)
    assert _fingerprints(stack) == {keys[3].fingerprint}
    with pytest.raises(UserError, match=re.escape(f"name one of: {keys[3].fingerprint}")):
        stack.directory.remove_key("acme", "")


def test_a_private_key_named_to_be_removed_is_not_repeated(stack: Stack) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    stack.directory.add("acme", [new_key()])
    with pytest.raises(UserError, match=r"no key was removed from: 'acme' - .*PRIVATE") as refused:
        stack.directory.remove_key("acme", pem)
    assert pem.split("\n")[1] not in str(refused.value)
    assert len(stack.trail()) == 1


def test_too_many_keys_are_refused_in_transfers_words(stack: Stack) -> None:
    stack.directory.add("acme", list(islice(new_keys(), 5)))
    with pytest.raises(UserError, match="Transfer said: too many SSH public keys"):
        stack.directory.add_key("acme", new_key())
    assert stack.trail()[-1] == ("users keys add", "acme", "failed")


def test_a_disabled_user_has_no_key_in_transfer_and_all_of_them_here(stack: Stack) -> None:
    keys = [new_key(), new_key("jo")]
    before = stack.directory.add("acme", keys)
    account = stack.directory.disable("acme")
    assert account.is_disabled
    assert set(account.keys) == set(before.keys)
    [listed] = stack.directory.page().users
    assert (listed.is_disabled, listed.key_count) == (True, 0)
    assert list(stack.directory.every()) == [listed]
    user = stack.transfer.describe_user(ServerId=stack.server_id, UserName="acme")["User"]
    assert not user["SshPublicKeys"]
    assert "quillgate:disabled" in {tag["Key"] for tag in user["Tags"]}

    account = stack.directory.enable("acme")
    assert not account.is_disabled
    assert {key.line for key in account.keys} == {key.line for key in before.keys}
    user = stack.transfer.describe_user(ServerId=stack.server_id, UserName="acme")["User"]
    assert "quillgate:disabled" not in {tag["Key"] for tag in user["Tags"]}


def test_the_second_time_nothing_is_done(stack: Stack) -> None:
    stack.directory.add("acme", [new_key()])
    for change in (stack.directory.disable, stack.directory.enable):
        change("acme")
        stack.transfer.calls.clear()
        change("acme")
        assert not stack.transfer.writes
    assert [what for what, _, _ in stack.trail()] == ["users add", "users disable", "users enable"]


def test_keys_of_a_disabled_user_are_changed_without_letting_him_in(stack: Stack) -> None:
    lost, new = new_key(), new_key()
    stack.directory.add("acme", [lost])
    stack.directory.disable("acme")
    assert stack.directory.add_key("acme", new).is_disabled
    assert stack.directory.remove_key("acme", lost.fingerprint).is_disabled
    assert not stack.directory.enable("acme").is_disabled
    assert _fingerprints(stack) == {new.fingerprint}


def test_a_user_without_keys_is_disabled_and_enabled_as_well(stack: Stack) -> None:
    stack.directory.add("acme", [])
    assert not stack.directory.find("acme").is_disabled
    assert stack.directory.disable("acme").is_disabled
    assert not stack.directory.enable("acme").is_disabled


def test_a_removed_user_leaves_files_and_no_key(stack: Stack) -> None:
    stack.directory.add("acme", [new_key()])
    stack.directory.disable("acme")
    stack.directory.remove("acme")
    assert not list(stack.directory.every())
    assert "acme/incoming/" in stack.uploads.objects
    assert not [name for name in stack.records.objects if name.startswith("customers/")]
    stack.directory.add("acme", [])
    assert not stack.directory.enable("acme").keys


ACTIONS: dict[str, Callable[[Stack], object]] = {
    "disable": lambda stack: stack.directory.disable("acme"),
    "enable": lambda stack: stack.directory.enable("acme"),
}


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 20)), max_size=6))
def test_whatever_is_killed_loses_no_key(store: Store, runs: list[tuple[str, int]]) -> None:
    stack, keys = Stack(store), [new_key(), new_key()]
    stack.directory.add("acme", keys)
    for action, dies_at in runs:
        stack.fate.strike(dies_at)
        with contextlib.suppress(Killed):
            ACTIONS[action](stack)
        stack.fate.spare()
    for action in ("disable", "enable", "disable"):
        ACTIONS[action](stack)
        assert _fingerprints(stack) == {key.fingerprint for key in keys}
        assert stack.directory.find("acme").is_disabled == (action == "disable")


@pytest.mark.parametrize("dies_at", range(16))
@pytest.mark.parametrize("action", ACTIONS)
def test_a_key_removed_after_a_kill_does_not_come_back(
    stack: Stack, action: str, dies_at: int
) -> None:
    lost, good = new_key(), new_key()
    stack.directory.add("acme", [lost, good])
    if action == "enable":
        stack.directory.disable("acme")
    stack.fate.strike(dies_at)
    with contextlib.suppress(Killed):
        ACTIONS[action](stack)
    stack.fate.spare()
    ACTIONS[action](stack)
    stack.directory.remove_key("acme", lost.fingerprint)
    stack.directory.disable("acme")
    stack.directory.enable("acme")
    assert _fingerprints(stack) == {good.fingerprint}


@pytest.mark.parametrize("first", ACTIONS)
@pytest.mark.parametrize("second", ACTIONS)
def test_two_at_once_lose_no_key(stack: Stack, first: str, second: str) -> None:
    keys = [new_key(), new_key()]
    stack.directory.add("acme", keys)

    def act(action: str) -> None:
        with contextlib.suppress(UserError):  # the other was faster
            ACTIONS[action](stack)

    for before in (*ACTIONS, *ACTIONS):
        ACTIONS[before](stack)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(act, [first, second]))
        assert _fingerprints(stack) == {key.fingerprint for key in keys}


def test_keys_added_and_removed_at_once_are_all_seen_to(stack: Stack) -> None:
    old, new = [new_key(), new_key()], [new_key(), new_key()]
    stack.directory.add("acme", old)
    stack.directory.disable("acme")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: stack.directory.add_key("acme", key), new))
        list(pool.map(lambda key: stack.directory.remove_key("acme", key.fingerprint), old))
    stack.directory.enable("acme")
    assert _fingerprints(stack) == {key.fingerprint for key in new}


def test_a_name_or_a_home_that_two_want_at_once_is_given_once(stack: Stack) -> None:
    def add(name: str) -> int:
        try:
            stack.directory.add(name, [new_key()], folder="shared")
        except UserError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, ["acme", "beta", "acme", "gamma"] * 3)) == 1
    assert len(list(stack.directory.every())) == 1


@pytest.mark.parametrize("moment", range(8))
@pytest.mark.parametrize("other", ["add", "add_key"])
def test_a_key_that_two_want_at_once_is_given_once(stack: Stack, other: str, moment: int) -> None:
    key, done = new_key(), list[str]()
    stack.directory.add("beta", [])

    def give(name: str, act: Callable[[], object]) -> None:
        with contextlib.suppress(UserError):
            act()
            done.append(name)

    acts = {
        "add": lambda: stack.directory.add("gamma", [key]),
        "add_key": lambda: stack.directory.add_key("beta", key),
    }
    stack.fate.meanwhile(moment, lambda: give("other", acts[other]))
    give("acme", lambda: stack.directory.add("acme", [key]))
    assert len(done) <= 1
    assert sum(user.key_count for user in stack.directory.every()) == len(done)
    if not done:  # each saw the other
        stack.directory.add("acme", [key])


def test_who_was_killed_holds_no_key_back_for_long(stack: Stack) -> None:
    key = new_key()
    stack.fate.strike(1)
    with contextlib.suppress(Killed):
        stack.directory.add("acme", [key])
    stack.fate.spare()
    with pytest.raises(UserError, match="acme is being given that key at this moment"):
        stack.directory.add("beta", [key])
    for _ in range(300):
        stack.ledger.now()
    assert stack.directory.add("beta", [key]).has(key.fingerprint)


def test_every_change_says_what_was_and_what_is(stack: Stack) -> None:
    one, two = new_key(), new_key()
    stack.directory.add("acme", [one])
    stack.directory.add_key("acme", two)
    change = stack.audit().newest().changes[0]
    assert change.before is not None
    assert change.after is not None
    assert [key["fingerprint"] for key in change.before["keys"]] == [one.fingerprint]
    assert [key["line"] for key in change.after["keys"]] == [one.line, two.line]


def test_searching_finds_the_exact_name_first(stack: Stack) -> None:
    for name in ("corp-acme", "acme", "acme-corp", "other"):
        stack.directory.add(name, [])

    def names(words: str, limit: int = 50) -> list[str]:
        return [user.name for user in stack.directory.search(words, limit)]

    assert names("acme") == ["acme", "acme-corp", "corp-acme"]
    assert names("ACME corp") == ["acme-corp", "corp-acme"]
    assert names("acme", 1) == ["acme"]
    assert names("nobody") == names("a b\nc") == []
    assert len(names("")) == 4


def test_searching_reads_all_users_once_a_minute_and_after_own_changes(stack: Stack) -> None:
    stack.directory.add("acme", [])
    stack.transfer.calls.clear()
    for _ in range(3):
        stack.directory.search("ac me")
    assert stack.transfer.calls == ["ListUsers"]
    stack.directory.add("second", [])
    assert [user.name for user in stack.directory.search("sec on")] == ["second"]


def test_pages_lead_through_all_users(stack: Stack) -> None:
    for number in range(5):
        stack.directory.add(f"user{number}", [])
    seen: list[str] = []
    token = None
    while True:
        page = stack.directory.page(2, token)
        seen += [user.name for user in page.users]
        token = page.next_token
        if token is None:
            break
    assert seen == [f"user{number}" for number in range(5)]


def test_the_note_has_all_a_customer_needs(stack: Stack) -> None:
    account = stack.directory.add("acme", [new_key()])
    note = stack.directory.connection_note(account)
    server = stack.transfer.describe_server(ServerId=stack.server_id)["Server"]
    for words in ("sftp.example.com", "2222", "acme", server["HostKeyFingerprint"], "incoming"):
        assert words in note


def test_of_several_host_keys_the_note_has_each_that_a_program_may_show(stack: Stack) -> None:
    """The old server's keys, and one more of a type that is there: the oldest is in use."""
    account = stack.directory.add("acme", [new_key()])
    keys = [asyncssh.generate_private_key(kind) for kind in ("ecdsa-sha2-nistp256", "ssh-ed25519")]
    for key in keys:
        body = key.export_private_key().decode()
        stack.transfer.import_host_key(ServerId=stack.server_id, HostKeyBody=body)
    own = stack.transfer.describe_server(ServerId=stack.server_id)["Server"]["HostKeyFingerprint"]
    note = stack.directory.connection_note(account)
    assert f"{keys[0].get_fingerprint()} (ECDSA)\n{' ' * 16}{own} (ED25519)\n" in note
    assert keys[1].get_fingerprint() not in note
    assert "it must be one of these" in note


def _made_elsewhere(stack: Stack, name: str, **arguments: object) -> None:
    stack.transfer.create_user(ServerId=stack.server_id, UserName=name, Role=ROLE, **arguments)


def test_users_made_elsewhere_are_shown_whatever_they_are(stack: Stack) -> None:
    mappings = [{"Entry": f"/{each}", "Target": f"/{BUCKET}/shared/{each}"} for each in "ab"]
    _made_elsewhere(stack, "many", HomeDirectoryType="LOGICAL", HomeDirectoryMappings=mappings)
    _made_elsewhere(
        stack,
        "one",
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=[{"Entry": "/", "Target": f"/{BUCKET}/one"}],
    )
    _made_elsewhere(stack, "operator", HomeDirectory=f"/{BUCKET}")
    _made_elsewhere(stack, "root")
    homes = {name: stack.directory.find(name).home for name in ("many", "one", "operator", "root")}
    assert homes == {"many": "", "one": f"/{BUCKET}/one", "operator": f"/{BUCKET}", "root": "/"}
    assert len(stack.directory.page().users) == 4
    for folder, owner in (("shared/b/acme", "many"), ("one", "one")):
        with pytest.raises(UserError, match=f"home of {owner}"):
            stack.directory.add("acme", [], folder=folder)
    stack.directory.add("acme", [])


def test_a_page_costs_one_call_however_many_users_there_are(stack: Stack) -> None:
    for number in range(60):
        key = new_key().line
        _made_elsewhere(stack, f"user{number}", HomeDirectory=f"/{BUCKET}/x", SshPublicKeyBody=key)
    stack.transfer.calls.clear()
    stack.records.failure = RuntimeError("the ledger is not asked")
    assert len(stack.directory.page(50).users) == 50
    assert stack.transfer.calls == ["ListUsers"]


def test_what_transfer_and_the_ledger_say_when_they_are_away_is_told(stack: Stack) -> None:
    stack.directory.add("acme", [new_key()])
    stack.transfer.failure = client_error(503, "ServiceUnavailableException")
    with pytest.raises(UserError, match="Transfer said: ServiceUnavailableException"):
        stack.directory.page()
    stack.transfer.failure = EndpointConnectionError(endpoint_url="https://transfer")
    with pytest.raises(UserError, match="out of reach"):
        stack.directory.find("acme")
    stack.transfer.failure = None
    stack.records.failure = client_error(503)
    stack.transfer.calls.clear()
    with pytest.raises(LedgerError):
        stack.directory.disable("acme")
    assert not stack.transfer.writes


def _key_texts(stack: Stack, key: PublicKey) -> list[str]:
    return [name for name, text in stack.records.objects.items() if key.line.encode() in text]


def test_a_key_that_is_removed_is_kept_in_the_trail_alone(stack: Stack) -> None:
    key = new_key()
    stack.directory.add("acme", [key])
    stack.directory.disable("acme")
    stack.directory.remove_key("acme", key.fingerprint)
    assert all(name.startswith("audit/") for name in _key_texts(stack, key))
