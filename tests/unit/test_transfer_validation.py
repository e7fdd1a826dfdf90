"""Requests against botocore's model: what passes, and in which words the rest is refused."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StringShape, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.transfer.errors import SerializationError, ValidationError
from emulator.transfer.operations import OPERATIONS
from emulator.transfer.validation import checked, java_pattern, model

SERVER = "s-0123456789abcdef0"
ROLE = "arn:aws:iam::000000000000:role/user"
USER = {"ServerId": SERVER, "UserName": "acme", "Role": ROLE}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def refusal(operation: str, **members: object) -> str:
    with pytest.raises(ValidationError) as refused:
        checked(operation, members)
    return refused.value.message


def shapes(shape: Shape) -> list[Shape]:
    if isinstance(shape, StructureShape):
        return [shape, *(found for item in shape.members.values() for found in shapes(item))]
    if isinstance(shape, ListShape):
        return [shape, *shapes(shape.member)]
    return [shape]


def test_a_valid_request_passes_without_its_nulls() -> None:
    assert checked("CreateUser", {**USER, "Policy": None}) == USER


def test_a_bad_key_is_refused_in_the_words_of_aws() -> None:
    assert refusal(
        "ImportSshPublicKey", ServerId=SERVER, UserName="acme", SshPublicKeyBody="nonsense"
    ) == (
        "1 validation error detected: Value at 'sshPublicKeyBody' failed to satisfy constraint:"
        r" Member must satisfy regular expression pattern: \s*(ssh|ecdsa)-[a-z0-9-]+[ \t]+"
        r"(([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{1,3})?(={0,3})?)(\s*|[ \t]+[\S \t]*\s*)"
    )


def test_several_errors_are_counted_and_joined() -> None:
    message = refusal("CreateUser", ServerId="s-1", UserName="acme")
    assert message.startswith("3 validation errors detected: Value at 'role' failed")
    assert "Member must not be null; Value at 'serverId' failed" in message
    assert message.endswith("Member must have length greater than or equal to 19")


@pytest.mark.parametrize(
    ("operation", "members", "sentence"),
    [
        ("CreateUser", {"HomeDirectoryType": "X"}, "'homeDirectoryType' .*: [PATH, LOGICAL]"),
        ("CreateUser", {"HomeDirectory": "a"}, "'homeDirectory' .* pattern: (|/.*)"),
        ("CreateUser", {"Policy": "x" * 2049}, "'policy' .* less than or equal to 2048"),
        ("CreateUser", {"Tags": []}, "'tags' .* length greater than or equal to 1"),
        (
            "CreateUser",
            {"HomeDirectoryMappings": [{"Entry": "/", "Target": "/b"}, {"Entry": "/x"}]},
            "'homeDirectoryMappings.2.member.target' .* Member must not be null",
        ),
        ("CreateUser", {"Colour": "red"}, "'colour' .* Member must be known to the API's model"),
        ("ListServers", {"MaxResults": 1001}, "'maxResults' .* value less than or equal to 1000"),
        ("ListServers", {"MaxResults": 0}, "'maxResults' .* value greater than or equal to 1"),
        (
            "CreateServer",
            {"Protocols": ["SFTP", "SCP"]},
            "'protocols' .* Member must satisfy constraint: [Member must satisfy enum value set:"
            " [SFTP, FTP, FTPS, AS2]]",
        ),
        (
            "CreateServer",
            {"ProtocolDetails": {"SftpPorts": [{"SftpPort": 70000}]}},
            "'protocolDetails.sftpPorts.1.member.sftpPort' .* value less than or equal to 65535",
        ),
    ],
)
def test_each_constraint_names_its_member(
    operation: str, members: dict[str, object], sentence: str
) -> None:
    needed = USER if operation == "CreateUser" else {}
    pattern = re.escape(sentence).replace(r"\.\*", ".*")
    message = refusal(operation, **{**needed, **members})
    assert re.fullmatch(f"1 validation error detected: Value at {pattern}", message)


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        None,
        {"ServerId": 7},
        {"ServerId": ["s-"]},
        {"ServerId": True},
        {"ServerId": "\ud800"},
    ],
)
def test_wrong_json_types_are_refused(body: object) -> None:
    with pytest.raises(SerializationError):
        checked("DescribeServer", body)


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(SerializationError, match="'maxResults'"):
        checked("ListServers", {"MaxResults": True})


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        (r"\w+", "é", False),
        (r"\d+", "\u0663", False),
        (r"/.*", "/a b+é%\"'", True),
        (r"/.*", "/a\nb", False),
        (r"/.*", "/a\u2028b", False),
        (r"/.*", "/a\x85b", False),
        (r"a\.b", "axb", False),
        (r"[.]x", "ax", False),
    ],
)
def test_patterns_mean_what_they_mean_in_java(pattern: str, value: str, matches: bool) -> None:
    assert bool(java_pattern(pattern).fullmatch(value)) == matches


def test_a_name_with_a_newline_behind_it_is_refused() -> None:
    assert "'userName'" in refusal("CreateUser", **{**USER, "UserName": "acme\n"})


def test_thousands_of_spaces_in_a_key_do_not_stop_the_emulator() -> None:
    body = "ssh-rsa AAAA" + " " * 2000 + "\n\nx"
    before = time.process_time()
    assert "pattern" in refusal("CreateUser", **USER, SshPublicKeyBody=body)
    assert time.process_time() - before < 1


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_the_model_holds_nothing_this_validation_does_not_know(operation: str) -> None:
    shape = model().operation_model(operation).input_shape
    assert shape is not None
    for found in shapes(shape):
        assert found.type_name in {"structure", "list", "string", "integer", "long"}
        if isinstance(found, StringShape) and "pattern" in found.metadata:
            java_pattern(str(found.metadata["pattern"]))


@settings(max_examples=30)
@given(st.sampled_from(sorted(OPERATIONS)), JSON)
def test_any_json_is_a_request_or_refused(operation: str, body: Any) -> None:
    try:
        request = checked(operation, body)
    except (SerializationError, ValidationError):
        return
    assert request == {name: item for name, item in body.items() if item is not None}
