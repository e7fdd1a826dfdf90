"""`quillgate users` before and after it asks Transfer; the rest is for integration tests."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from emulator.transfer.store import Store
from quillgate.errors import UserError
from quillgate.users.model import Listed
from quillgate.users.unrouted import unrouted
from quillgate.users_command import listed_line, made_again
from quillgate.users_keys_command import key_line
from quillgate.users_opening import Opened, keys_in
from tests.unit.users_fakes import Stack, line, new_key

ROUTES = """\
[[route]]
project   = "{project}"
directory = "{directory}"
stories   = "stories"
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Store(tmp_path / "transfer.sqlite3") as store:
        yield Stack(store)


def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    one, two = line("jo"), line()
    file = tmp_path / "q3 keys+é.pub"
    file.write_text(f"{one}\n{two}\n")
    assert [key.line for key in keys_in(file).keys] == [one, two]


def test_keys_are_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    text = line("jo")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{text}\n".encode("utf-16"))))
    assert [key.line for key in keys_in(Path("-")).keys] == [text]


def test_a_file_far_too_long_is_refused_and_not_cut(tmp_path: Path) -> None:
    file = tmp_path / "acme.pub"
    file.write_text(f"{line()}\n# {'é' * 600_000}\n{line()}\n")
    with pytest.raises(UserError, match="far longer than public keys are"):
        keys_in(file)


@pytest.mark.parametrize(
    ("count", "is_disabled", "state"),
    [(0, False, " 0 keys"), (1, False, " 1 key "), (2, False, " 2 keys"), (1, True, "disabled")],
)
def test_a_list_counts_keys_as_people_do(count: int, is_disabled: bool, state: str) -> None:
    assert state in listed_line(Listed("acme", "/drop/acme", count, is_disabled))


def test_lost_restrictions_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "acme.pub"
    file.write_text(f'from="10.0.0.0/8" {line()}\n')
    keys_in(file)
    assert "note: line 1: options were dropped: from" in capsys.readouterr().err


def test_one_bad_key_refuses_them_all(tmp_path: Path) -> None:
    file = tmp_path / "acme.pub"
    file.write_text(f"{line()}\nssh-rsa AAAA oops\n")
    with pytest.raises(UserError, match=r"acme\.pub' - line 2: the key is damaged"):
        keys_in(file)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="cannot read keys"):
            keys_in(path)


@pytest.mark.parametrize("directory", ["acme", "acme/incoming", "*/incoming"])
def test_a_route_covers_the_incoming_of_a_user(stack: Stack, directory: str) -> None:
    account = stack.directory.add("acme", [])
    _put_routes(stack, ROUTES.format(project="sales", directory=directory))
    assert unrouted(stack.deployment, [account]) is None


@pytest.mark.parametrize("directory", ["acme-corp", "acme/incoming/eu", "*/outgoing", "other"])
def test_a_user_whose_uploads_go_nowhere_is_told(stack: Stack, directory: str) -> None:
    accounts = [stack.directory.add(name, []) for name in ("acme", "beta")]
    _put_routes(stack, ROUTES.format(project="sales", directory=directory))
    told = unrouted(stack.deployment, accounts)
    assert told is not None
    assert told.startswith("no route covers 'acme/incoming' nor 1 more")


def test_without_routes_nobody_is_covered(stack: Stack) -> None:
    assert unrouted(stack.deployment, [stack.directory.add("acme", [])])


def _put_routes(stack: Stack, text: str) -> None:
    stack.uploads.objects["watchdog.config"] = text.encode()


def test_a_removed_user_can_be_made_again(stack: Stack) -> None:
    key = new_key("jo")
    account = stack.directory.add("acme", [key], folder="eu/q 3", home_type="LOGICAL")
    again = "quillgate users add acme --folder 'eu/q 3' --home-type LOGICAL"
    assert made_again(account) == [f"undo: {again} --key -", f"  {key.line}"]
    assert made_again(stack.directory.disable("acme"))[-1] == (
        "and then: quillgate users disable acme"
    )
    assert made_again(stack.directory.add("beta", [])) == ["undo: quillgate users add beta"]
    assert made_again(replace(account, home="/drop"))[0].startswith("undo: by hand only")


def test_it_names_the_stack_and_on_aws_it_asks(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    target = replace(stack.deployment.target, environment="aws", stack_name="prod")
    there = Opened(replace(stack.deployment, target=target), stack.directory)
    Opened(stack.deployment, stack.directory).name_and_ask("Remove user acme?", yes=False)
    there.name_and_ask("Remove user acme?", yes=True)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "embedded, stack stack-1\naws, stack prod\n")
    with pytest.raises(typer.Abort):
        there.name_and_ask("Remove user acme?", yes=False)
    assert "Remove user acme?" in capsys.readouterr().out


def test_a_key_is_shown_on_one_line(stack: Stack) -> None:
    account = stack.directory.add("acme", [new_key("jo\u202e[31m")])
    [text] = map(key_line, account.keys)
    assert text.startswith("key-")
    assert "  ssh-ed25519  " in text
    assert text.isprintable()
