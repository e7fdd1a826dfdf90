"""Users from folders, an old server's files and CSV: planned, then made, and nothing twice."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from quillgate.errors import UserError
from quillgate.users.importing import Imported, Plan, Rules, carry_out, plan
from quillgate.users.sources.source import read_source
from quillgate.users_import_command import import_planned, result
from quillgate.users_opening import Opened
from tests.unit.users_fakes import BUCKET, Killed, Stack, line, new_key

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _plan(stack: Stack, source: Path, rules: Rules | None = None) -> Plan:
    return plan(stack.directory, read_source(source), rules or Rules())


def _import(stack: Stack, source: Path, rules: Rules | None = None) -> Imported:
    rules = rules or Rules()
    return carry_out(stack.directory, _plan(stack, source, rules).steps, rules, lambda _: None)


def _users(stack: Stack) -> dict[str, int]:
    return {user.name: user.key_count for user in stack.directory.every()}


def _troubles(planned: Plan) -> list[str]:
    return [str(each) for each in planned.troubles]


def test_a_folder_has_users_in_four_shapes(stack: Stack, tmp_path: Path) -> None:
    for name in ("one.pub", "two", "three/authorized_keys", "four/.ssh/authorized_keys"):
        _write(tmp_path / name, f"{line()}\n")
    _write(tmp_path / ".git/config", "not a user")
    _write(tmp_path / ".DS_Store", "not a user")
    assert not _import(stack, tmp_path).troubles
    assert _users(stack) == {"one": 1, "two": 1, "three": 1, "four": 1}


def test_several_files_of_one_user_are_put_together(stack: Stack, tmp_path: Path) -> None:
    shared = line()
    _write(tmp_path / "acme", f"{line()}\n{shared}\n")
    _write(tmp_path / "acme.pub", f"{shared}\n{line()}\n")
    _import(stack, tmp_path)
    assert _users(stack) == {"acme": 3}


def test_the_second_run_writes_nothing(stack: Stack, tmp_path: Path) -> None:
    for number in range(5):
        _write(tmp_path / f"user{number}.pub", f"{line()}\n{line()}\n")
    _import(stack, tmp_path)
    stack.transfer.calls.clear()
    stack.records.puts.clear()
    planned = _plan(stack, tmp_path)
    assert (planned.steps, planned.unchanged, planned.troubles) == ((), 5, ())
    assert not stack.transfer.writes
    assert not stack.records.puts


def test_a_plan_changes_nothing(stack: Stack, tmp_path: Path) -> None:
    stack.directory.add("more", [new_key()])
    stack.transfer.calls.clear()
    _write(tmp_path / "acme.pub", line())
    _write(tmp_path / "more.pub", line())
    planned = _plan(stack, tmp_path)
    assert str(planned) == "1 new, 1 with more keys, 0 unchanged, no problems"
    assert [str(step) for step in planned.steps] == [
        f"new        acme: 1 key, home /{BUCKET}/acme",
        "more keys  more: 1 key",
    ]
    assert not stack.transfer.writes
    assert _users(stack) == {"more": 1}


def test_keys_are_added_and_none_taken_away(stack: Stack, tmp_path: Path) -> None:
    stack.directory.add("acme", [new_key()])
    stack.directory.disable("acme")
    _write(tmp_path / "acme.pub", line())
    _import(stack, tmp_path)
    account = stack.directory.find("acme")
    assert (len(account.keys), account.is_disabled) == (2, True)


@pytest.mark.parametrize("dies_at", range(0, 60, 6))
def test_an_interrupted_import_is_finished_by_the_next(
    stack: Stack, tmp_path: Path, dies_at: int
) -> None:
    for number in range(4):
        _write(tmp_path / f"user{number}.pub", f"{line()}\n{line()}\n{line()}\n")
    stack.fate.strike(dies_at)
    with contextlib.suppress(Killed):
        _import(stack, tmp_path)
    stack.fate.spare()
    assert not _import(stack, tmp_path).troubles
    assert _users(stack) == {f"user{number}": 3 for number in range(4)}


def test_who_stops_an_import_is_told_how_to_finish_it(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path / "acme.pub", line())
    planned = _plan(stack, tmp_path)
    stack.fate.error = SystemExit
    stack.fate.strike(3)
    with pytest.raises(SystemExit):
        import_planned(Opened(stack.deployment, stack.directory), planned, Rules())
    assert "run it again for the rest" in capsys.readouterr().err


def test_a_bad_key_is_told_with_its_line_and_stops_nothing(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "acme", f"# ours\n{line()}\nssh-rsa AAAA oops\n{line()}\n")
    _write(tmp_path / "bad.pub", "what is this")
    _write(tmp_path / "good.pub", line())
    planned = _plan(stack, tmp_path)
    assert [each.partition(": ")[0] for each in _troubles(planned)] == ["acme:3", "bad.pub:1"]
    _import(stack, tmp_path)
    assert _users(stack) == {"acme": 2, "good": 1}


def test_who_sent_a_private_key_is_left_out(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "acme", PRIVATE)
    _write(tmp_path / "acme.pub", line())
    _write(tmp_path / "other.pub", line())
    [trouble] = _troubles(_plan(stack, tmp_path))
    assert trouble.startswith("acme:1: this is the PRIVATE half")
    assert trouble.endswith("acme is left out until then")
    _import(stack, tmp_path)
    assert _users(stack) == {"other": 1}


def test_a_key_of_two_users_stays_with_the_first(stack: Stack, tmp_path: Path) -> None:
    shared = line()
    _write(tmp_path / "acme.pub", shared)
    _write(tmp_path / "beta.pub", f"{line()}\n{shared}")
    _write(tmp_path / "gamma.pub", shared)
    planned = _plan(stack, tmp_path)
    assert len(planned.troubles) == 2
    assert "acme has that key already (acme.pub:1)" in _troubles(planned)[0]
    _import(stack, tmp_path)
    assert _users(stack) == {"acme": 1, "beta": 1}
    assert not _import(stack, tmp_path, Rules(allow_shared=True)).troubles
    assert _users(stack) == {"acme": 1, "beta": 2, "gamma": 1}


def test_no_name_moves_the_cursor(stack: Stack, tmp_path: Path) -> None:
    shared = line()
    for name in ("a\x1b[2J", "b\x1b[2J"):
        _write(tmp_path / f"keys/{name}.pub", shared)
    _write(tmp_path / "users.csv", f"acme,{line()},\x1b[2J/..\n")
    told = _troubles(_plan(stack, tmp_path / "keys")) + _troubles(
        _plan(stack, tmp_path / "users.csv")
    )
    assert len(told) == 3
    assert "\x1b" not in "".join(told)


def test_a_file_of_something_else_does_not_hide_the_rest(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "acme.log", "something happened\n" * 1000)
    _write(tmp_path / "beta.pub", line())
    planned = _plan(stack, tmp_path)
    assert [step.name for step in planned.steps] == ["beta"]
    assert len(planned.troubles) == 21
    assert _troubles(planned)[-1].startswith("acme.log: 980 more lines")


def test_a_key_that_a_user_has_is_nobody_elses(stack: Stack, tmp_path: Path) -> None:
    key = new_key()
    stack.directory.add("acme", [key])
    _write(tmp_path / "beta.pub", key.line)
    assert "acme has that key already" in _troubles(_plan(stack, tmp_path))[0]


def test_names_that_transfer_does_not_take_are_told(stack: Stack, tmp_path: Path) -> None:
    for name in ("jo", "a b c", "jürgen"):
        _write(tmp_path / f"{name}.pub", line())
    troubles = _troubles(_plan(stack, tmp_path))
    assert len(troubles) == 3
    assert all("3 to 100 letters" in each for each in troubles)


PASSWD = """\
# users
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
acme:x:1001:1001::/srv/sftp/acme:/usr/sbin/nologin
beta:x:1002:1002::/home/beta:/bin/false
gamma:x:1003:1003::/home/gamma:/bin/bash
+nis::::::
broken line
away:x:1004:1004::/../..:/bin/sh
link:x:1005:1005::/home/link:/bin/sh
"""


def test_an_old_server_is_read_by_its_passwd(stack: Stack, tmp_path: Path) -> None:
    root = tmp_path / "old"
    _write(root / "etc/passwd", PASSWD)
    _write(root / "srv/sftp/acme/.ssh/authorized_keys", line())
    _write(root / "home/beta/.ssh/authorized_keys", f"{line()}\n")
    _write(root / "root/.ssh/authorized_keys", line())
    _write(tmp_path.parent / ".ssh/authorized_keys", line())
    _write(tmp_path / "elsewhere", line())
    (root / "home/link/.ssh").mkdir(parents=True)
    (root / "home/link/.ssh/authorized_keys").symlink_to(tmp_path / "elsewhere")
    planned = _plan(stack, root)
    assert [step.name for step in planned.steps] == ["acme", "beta"]
    assert [each.partition(": ")[0] for each in _troubles(planned)] == [
        "etc/passwd:7",
        "etc/passwd:9",
        "etc/passwd:10",
        "etc/passwd:11",
    ]
    assert "gamma has no keys" in _troubles(planned)[0]
    assert [str(each) for each in planned.remarks] == [
        "etc/passwd: 3 of the system's own were passed over: root, daemon, nobody"
    ]


def test_what_a_passwd_may_hold_besides(stack: Stack, tmp_path: Path) -> None:
    users = [
        "nfsnobody:x:4294967294:4294967294::/var/lib/nfs:/sbin/nologin",
        f"long:x:{'9' * 5000}:1::/home/long:/bin/sh",
        "J\x85rgen:x:1001:1001:J\x85rgen\x0c:/home/uploaded:/bin/sh",
        "acme:x:1002:1002::/srv/acme-gmbh/:/bin/sh",
    ]
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_bytes("\n".join(users).encode("latin-1"))
    _write(tmp_path / "home/uploaded/authorized_keys", line())
    _write(tmp_path / "srv/acme-gmbh/.ssh/authorized_keys", line())
    planned = _plan(stack, tmp_path)
    assert [step.name for step in planned.steps] == ["acme"]
    assert [each.partition(" - ")[0] for each in _troubles(planned)] == [
        "etc/passwd:2: no line of passwd",
        r"etc/passwd:3: J\x85rgen has no keys in /home/uploaded/.ssh/authorized_keys: a password, "
        "then? Transfer takes keys only",
    ]
    assert "etc/passwd:4: the home of acme was /srv/acme-gmbh/, and is acme now" in str(
        planned.remarks[0]
    )


def test_the_line_of_a_bad_key_in_an_old_home_is_told(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "etc/passwd", "acme:x:1001:1001::/home/acme:/bin/sh\n")
    options = f'from="10.0.0.0/8" {line()}'
    _write(tmp_path / "home/acme/.ssh/authorized_keys", f"{options}\nssh-dss AAAA x\n")
    planned = _plan(stack, tmp_path)
    assert _troubles(planned)[0].startswith("home/acme/.ssh/authorized_keys:2: a DSA key")
    assert "home/acme/.ssh/authorized_keys:1: options were dropped: from" in str(planned.remarks[0])


@pytest.mark.parametrize("header", ["", "user,key,folder\n", "\ufeffUser,Key\n"])
def test_a_table_is_read_with_and_without_header(stack: Stack, tmp_path: Path, header: str) -> None:
    file = tmp_path / "users.csv"
    two = f'"{line()}\n{line()}"'
    _write(file, f"{header}acme,{line('a')}\nbeta,{two},eu/beta q+é\n\nacme,{line()},\n")
    assert not _import(stack, file).troubles
    assert _users(stack) == {"acme": 2, "beta": 2}
    assert stack.directory.find("beta").folder == "eu/beta q+é"
    assert _plan(stack, file).unchanged == 2


@pytest.mark.parametrize(
    "text",
    [
        "acme;{key}\n",
        "\n\nacme;{key}\n",
        "sep=;\nacme;{key}\n",
        "key;user\n{key};acme\n",
        "\nsep=;\n;;\nkey;user\n{key};acme\n",
    ],
)
def test_what_ends_the_first_field_ends_all(stack: Stack, tmp_path: Path, text: str) -> None:
    """A key's options have commas, and more of them than a line has fields."""
    file = tmp_path / "users.csv"
    file.write_text(text.format(key=f"no-pty,no-X11-forwarding,no-user-rc {line()}"))
    planned = _plan(stack, file)
    assert ([step.name for step in planned.steps], planned.troubles) == (["acme"], ())


def test_a_table_of_a_spreadsheet_has_semicolons(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_bytes(f"user;key\r\nacme;{line('a, b')}\r\n".encode("utf-16"))
    assert not _import(stack, file).troubles
    assert _users(stack) == {"acme": 1}


def test_a_header_says_where_the_columns_are(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    rows = ["Folder\tSSH public key\tLogin", f"eu/acme\t{line()}\tacme", f"\t{line()}\tbeta\t\t"]
    file.write_bytes("\r".join(rows).encode("utf-16"))
    assert not _import(stack, file).troubles
    assert stack.directory.find("acme").folder == "eu/acme"
    assert stack.directory.find("beta").folder == "beta"


@pytest.mark.parametrize("header", ["user,key,comment", "user,key,user", "mail,user,key"])
def test_a_column_that_is_not_known_is_no_folder(tmp_path: Path, header: str) -> None:
    _write(tmp_path / "users.csv", f"{header}\nacme,{line()},kim\n")
    with pytest.raises(UserError, match="unknown column"):
        read_source(tmp_path / "users.csv")


def test_who_is_called_like_a_column_is_a_user(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "users.csv", f"login,{line()}\nacme,{line()}\n")
    _import(stack, tmp_path / "users.csv")
    assert _users(stack) == {"login": 1, "acme": 1}


def test_a_long_table_is_read_to_its_end(stack: Stack, tmp_path: Path) -> None:
    long = f"long,{'x' * 100_000}\n" * 12
    _write(tmp_path / "users.csv", f"acme,{line()}\n{long}last,{line()}\n")
    assert [step.name for step in _plan(stack, tmp_path / "users.csv").steps] == ["acme", "last"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("PK\0,;", "save the sheet as CSV"),
        ("ssh-ed25519 AAAA jo", "quillgate users add NAME --key FILE"),
        (PRIVATE, "PRIVATE half"),
    ],
)
def test_one_users_key_is_no_table(tmp_path: Path, text: str, told: str) -> None:
    _write(tmp_path / "acme.pub", text)
    with pytest.raises(UserError, match=told):
        read_source(tmp_path / "acme.pub")


def test_bad_lines_of_a_table_are_told(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    rows = [
        f"acme,{line()}",
        "beta",
        f'gamma,"{line()}\nssh-rsa AAAA oops"',
        f"delta,{line()},a*b",
        f"epsilon,{line()},x,y",
        f"zeta,{line()},acme/sub",
        f",{line()}",
        f'eta,"{line()}" oops',
    ]
    _write(file, "\n".join(rows))
    planned = _plan(stack, file)
    assert {each.partition(": ")[0] for each in _troubles(planned)} == {
        f"users.csv:{number}" for number in (2, 4, 5, 6, 7, 8, 9)
    }
    assert [step.name for step in planned.steps] == ["acme", "gamma"]


def test_a_line_without_a_user_says_just_that(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "users.csv", f",{line()},acme\n")
    [trouble] = _troubles(_plan(stack, tmp_path / "users.csv"))
    assert "users.csv:1: no user name in this line" in trouble


def test_homes_stay_as_they_are(stack: Stack, tmp_path: Path) -> None:
    stack.directory.add("acme", [new_key()])
    _write(tmp_path / "users.csv", f"acme,{line()},elsewhere\n")
    [trouble] = _troubles(_plan(stack, tmp_path / "users.csv"))
    assert f"the home is /{BUCKET}/acme" in trouble


def test_homes_in_one_source_are_apart(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "users.csv", f"acme,{line()}\nbeta,{line()},acme\nother,{line()},acme/x\n")
    planned = _plan(stack, tmp_path / "users.csv")
    assert [step.name for step in planned.steps] == ["acme"]
    assert all("home of acme" in each for each in _troubles(planned))


def test_what_transfer_refuses_is_told_and_the_rest_is_done(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "many.pub", "\n".join(line() for _ in range(6)))
    _write(tmp_path / "one.pub", line())
    planned = _plan(stack, tmp_path)
    done = carry_out(stack.directory, planned.steps, Rules(), lambda _: None)
    assert [account.name for account in done.accounts] == ["one"]
    assert result(planned, done) == "1 of 2 done, 1 failed: run it again"
    [trouble] = done.troubles
    assert str(trouble).startswith("many.pub:1: many: user was made, with 5 of 6 keys")


def test_a_home_that_cannot_be_looked_at_stops_nothing(stack: Stack, tmp_path: Path) -> None:
    users = f"long:x:1001:1001::/home/{'x' * 300}:/bin/sh\nacme:x:1002:1002::/home/acme:/bin/sh\n"
    _write(tmp_path / "etc/passwd", users)
    _write(tmp_path / "home/acme/.ssh/authorized_keys", line())
    planned = _plan(stack, tmp_path)
    assert [step.name for step in planned.steps] == ["acme"]
    assert "File name too long" in _troubles(planned)[0]


@pytest.mark.parametrize("pipe", ["acme.pub", "etc/passwd"])
def test_nobody_waits_for_a_pipe(stack: Stack, tmp_path: Path, pipe: str) -> None:
    _write(tmp_path / "beta.pub", line())
    (tmp_path / pipe).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / pipe)
    assert "no plain file" in "".join(_troubles(_plan(stack, tmp_path)))


def test_a_file_far_too_long_is_told_and_not_cut(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "acme.pub", f"{line()}\n# {'é' * 600_000}\n{line()}\n")
    planned = _plan(stack, tmp_path)
    assert not planned.steps
    assert "at most 1,000,000 bytes are read" in _troubles(planned)[0]


def test_whose_keys_they_are_a_name_has_to_say(stack: Stack, tmp_path: Path) -> None:
    _write(tmp_path / "authorized_keys", line())
    _write(tmp_path / "id_ed25519.pub", line())
    _write(tmp_path / "id_rsa", PRIVATE)
    _write(tmp_path / "id_4711.pub", line())
    planned = _plan(stack, tmp_path)
    assert [step.name for step in planned.steps] == ["id_4711"]
    assert [each.partition(" - ")[0] for each in _troubles(planned)] == [
        "authorized_keys: its name does not say whose keys these are",
        "id_ed25519.pub: its name does not say whose keys these are",
        "id_rsa:1: this is the PRIVATE half of a key; nothing of it was kept",
        "id_rsa: its name does not say whose keys these are",
    ]


def test_what_somebody_has_put_aside_makes_no_user(stack: Stack, tmp_path: Path) -> None:
    for name in ("acme.bak", "acme.pub.orig", "acme.PUB", "acme.key", "acme.old.pub"):
        _write(tmp_path / name, line())
    _write(tmp_path / "acme.txt", PRIVATE)
    planned = _plan(stack, tmp_path)
    assert [step.name for step in planned.steps] == ["acme.old"]
    assert [each.partition(" - ")[0] for each in _troubles(planned)] == [
        "acme.PUB: its name does not say whose keys these are",
        "acme.bak: its name does not say whose keys these are",
        "acme.key: its name does not say whose keys these are",
        "acme.pub.orig: its name does not say whose keys these are",
        "acme.txt:1: this is the PRIVATE half of a key; nothing of it was kept",
        "acme.txt: its name does not say whose keys these are",
    ]


def test_what_is_no_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to import from"):
        read_source(tmp_path / "missing")
    _write(tmp_path / "header.csv", "user,key\n")
    (tmp_path / "empty/.git").mkdir(parents=True)
    for nobody in ("header.csv", "empty"):
        with pytest.raises(UserError, match="nobody is in"):
            read_source(tmp_path / nobody)


def test_an_unreadable_file_stops_nothing(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "acme.pub").symlink_to(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    _write(tmp_path / "other.pub", line())
    planned = _plan(stack, tmp_path)
    assert [step.name for step in planned.steps] == ["other"]
    assert len(planned.troubles) == 2
