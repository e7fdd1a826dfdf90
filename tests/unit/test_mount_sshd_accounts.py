from __future__ import annotations

import pwd
import re
from pathlib import Path

import pytest

from emulator.mount.accounts import FIRST_UID, Accounts
from emulator.mount.transfer_api import Account


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "passwd"


def entries(file: Path) -> dict[str, list[str]]:
    lines = [line.split(":") for line in file.read_text().splitlines()]
    assert all(len(fields) == len(pwd.struct_passwd.__match_args__) for fields in lines)
    return {fields[0]: fields[1:] for fields in lines}


def test_each_user_has_an_account_without_password_and_shell(file: Path) -> None:
    accounts = Accounts(file)
    accounts.update([Account("Big.Name@corp-1", "/b/big home/"), Account("x" * 100, "")])
    first, second = str(FIRST_UID), str(FIRST_UID + 1)
    assert entries(file) == {
        "Big.Name@corp-1": ["*", first, first, "", "/b/big home", "/usr/sbin/nologin"],
        "x" * 100: ["*", second, second, "", "/", "/usr/sbin/nologin"],
    }
    assert accounts.uid("Big.Name@corp-1") == FIRST_UID


def test_a_uid_is_one_users_for_ever(file: Path) -> None:
    accounts = Accounts(file)
    accounts.update([Account("one", ""), Account("two", "")])
    accounts.update([Account("two", "/new"), Account("three", "")])
    assert {name: fields[1] for name, fields in entries(file).items()} == {
        "two": str(FIRST_UID + 1),
        "three": str(FIRST_UID + 2),
    }
    assert accounts.uid("one") == FIRST_UID, "sessions of a deleted user go on"
    assert accounts.uid("nobody") is None


def test_those_that_openssh_needs_itself_are_nobodys(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = Accounts(file)
    for _ in range(2):
        accounts.update([Account("root", "/b"), Account("sshd", "/b"), Account("backup", "/b")])
    assert [*entries(file)] == ["backup"]
    assert accounts.uid("root") is None
    assert len(re.findall("unfit for OpenSSH: 'sshd'", caplog.text)) == 1


@pytest.mark.parametrize("home", ["/b/a:b", "/b/line\nroot:x:0:0", "/b/\x1b[2J"])
def test_a_home_that_passwd_cannot_say_is_left_out(
    home: str, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Accounts(file).update([Account("acme", home)])
    assert entries(file)["acme"][-2] == "/"
    assert "'acme' starts in /" in caplog.text


def test_the_file_is_written_when_something_changes(file: Path) -> None:
    accounts = Accounts(file)
    accounts.update([Account("acme", "/b")])
    written = file.stat().st_ino
    accounts.update([Account("acme", "/b")])
    assert file.stat().st_ino == written
    file.unlink()
    accounts.update([Account("acme", "/b")])
    assert file.exists(), "after somebody took it away"


def test_nobody_is_left_of_an_earlier_run(file: Path) -> None:
    file.write_text("old:*:100000:100000::/:/usr/sbin/nologin\n")
    Accounts(file).update([])
    assert entries(file) == {}
