"""`quillgate users explain` says what then happens over SFTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.integration.support import HOME_POLICY, NewUser, Sftp, put, quillgate

Attempt = Callable[[Sftp], object]
ATTEMPTS: dict[str, tuple[list[str], Attempt, bool]] = {
    "put at home": (["put", "q3 sales+é.csv"], lambda sftp: put(sftp, "q3 sales+é.csv", b""), True),
    "put elsewhere": (["put", "../x/a.csv"], lambda sftp: put(sftp, "../x/a.csv", b""), False),
    "get": (["get", "there.csv"], lambda sftp: sftp.open("there.csv").read(), True),
    "list": (["list", "."], lambda sftp: sftp.listdir("."), True),
    "list above": (["list", ".."], lambda sftp: sftp.listdir(".."), False),
    "delete": (["delete", "there.csv"], lambda sftp: sftp.remove("there.csv"), False),
    "rename": (["rename", "there.csv", "b"], lambda sftp: sftp.rename("there.csv", "b"), False),
}


@dataclass(frozen=True)
class Answer:
    """What the command printed, and how it ended."""

    code: int
    lines: list[str]


def explain(target: list[str], *words: str) -> Answer:
    done = quillgate("users", "explain", *words, *target)
    return Answer(done.returncode, (done.stdout + done.stderr).splitlines())


@pytest.mark.parametrize("name", ATTEMPTS)
def test_it_says_what_happens(
    name: str,
    target: list[str],
    new_user: Callable[..., NewUser],
    sftp: Callable[[NewUser], Sftp],
) -> None:
    words, attempt, allowed = ATTEMPTS[name]
    policy = json.loads(HOME_POLICY)
    policy["Statement"].append(
        {"Sid": "Keep", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}
    )
    user = new_user(policy=json.dumps(policy))
    session = sftp(user)
    put(session, "there.csv", b"a")
    answer = explain(target, user.name, *words)
    assert answer.code == (0 if allowed else 1), answer
    if allowed:
        attempt(session)
        return
    with pytest.raises(PermissionError):
        attempt(session)
    refusals = [line for line in answer.lines if line.startswith("denied ")]
    assert refusals, answer
    if words[0] in ("delete", "rename"):
        assert any("denied by statement Keep of session policy" in line for line in answer.lines)


def test_it_asks_for_what_is_missing(target: list[str]) -> None:
    usage = explain(target, "testuser", "rename", "a")
    assert usage.code == 2
    assert "NEW_PATH" in usage.lines[-1]
    unknown = explain(target, "nobody-here", "put", "a")
    assert unknown.code == 1
    assert len(unknown.lines) == 1
    assert "'nobody-here' - its users: " in unknown.lines[0]
