from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.files.errors import FileError
from emulator.files.login import role_session_name
from emulator.files.policy import session_policy
from emulator.transfer.model import User


def user(policy: object, home: str = "/home/bob/stuff", **fields: Any) -> User:
    text = policy if isinstance(policy, str | None) else json.dumps(policy)
    return User("s-0123456789abcdef0", "bob", "arn", "role", home, policy=text, **fields)


def resource(home: str, text: str, **fields: Any) -> str:
    policy = session_policy(user({"Resource": text}, home, **fields))
    assert policy is not None
    return str(json.loads(policy)["Resource"])


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("${transfer:HomeBucket}", "home"),
        ("${transfer:HomeFolder}", "bob/stuff"),
        ("${Transfer:HomeDirectory}", "home/bob/stuff"),
        ("${transfer:UserName}", "bob"),
        ("${aws:username}", "${aws:username}"),
        ("${transfer:Nonsense}", "${transfer:Nonsense}"),
    ],
)
def test_variables(variable: str, value: str) -> None:
    assert resource("/home/bob/stuff", f"arn:{variable}/*") == f"arn:{value}/*"


def test_a_slash_at_the_end_stays() -> None:
    assert resource("/home/bob/", "${transfer:HomeFolder}") == "bob/"


def test_nothing_is_substituted_twice() -> None:
    home = "/home/${transfer:UserName}"
    assert resource(home, "${transfer:HomeDirectory}") == "home/${transfer:UserName}"


def test_the_home_is_no_variable_of_a_logical_user() -> None:
    text = "${transfer:HomeDirectory}/${transfer:UserName}"
    filled = resource("/", text, home_directory_type="LOGICAL")
    assert filled == "${transfer:HomeDirectory}/bob"


@given(st.text(max_size=30))
@settings(max_examples=30)
def test_no_home_can_break_out_of_its_string(folder: str) -> None:
    assert resource("/b/" + folder, "${transfer:HomeFolder}") == folder


def test_no_policy_stays_none() -> None:
    assert session_policy(user(None)) is None


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"Effect": "Deny", "Effect": "Allow"}'])
def test_a_policy_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(FileError, match="'bob'"):
        session_policy(user(text))


def test_role_session_name_is_cut_to_what_sts_takes() -> None:
    assert role_session_name(user(None), "ab" * 8) == "bob.abababababababab@s-0123456789abcdef0"
    long = User("s-0123456789abcdef0", "b" * 60, "arn", "role")
    assert len(role_session_name(long, "ab" * 8)) == 64
