from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.files.policies.document import parse
from emulator.files.policies.pattern import plain
from emulator.files.policies.spot import MalformedPolicy
from tests.unit.policy_fakes import statement


@pytest.mark.parametrize(
    ("document", "spot"),
    [
        ({"Version": "2020-01-01", "Statement": [statement()]}, "'own': Version '2020-01-01'"),
        ({"Statement": []}, "'own': no Statement"),
        ({}, "'own, statement 1': not an object"),
        ({"Statement": statement(), "Stmt": 1}, "'own': unknown element 'Stmt'"),
        ({"Statement": [statement(), statement("allow")]}, "'own, statement 2': Effect 'allow'"),
        ({"Statement": statement(Principal="*")}, "unknown element 'Principal'"),
        ({"Statement": statement(Action="GetObject")}, "Action 'GetObject'"),
        ({"Statement": statement(Action=[])}, "Action is no text"),
        ({"Statement": {"Effect": "Allow", "Resource": "*"}}, "0 of Action, NotAction"),
        ({"Statement": {**statement(), "NotAction": "s3:*"}}, "2 of Action, NotAction"),
        ({"Statement": statement(Resource="my-bucket/*")}, "Resource 'my-bucket/*'"),
        ({"Statement": statement(Resource="arn:aws:*:::b")}, "Resource 'arn:aws:*:::b'"),
        ({"Statement": statement(Condition=[])}, "'own, statement 1, Condition': not an object"),
        (
            {"Statement": statement(Condition={"StringLik": {"s3:x": "a"}})},
            "'own, statement 1, Condition, StringLik': unknown operator",
        ),
        ({"Statement": statement(Condition={"NullIfExists": {"s3:x": "true"}})}, "operator"),
        ({"Statement": statement(Condition={"Null": {"s3:x": "maybe"}})}, "Null 'maybe'"),
        ({"Statement": statement(Condition={"StringLike": {"s3:x": None}})}, "values of 's3:x'"),
        ({"Statement": statement(Condition={"NumericEquals": {"s3:x": "ten"}})}, "value 'ten'"),
        ({"Statement": statement(Condition={"IpAddress": {"s3:x": "10.0.0"}})}, "'10.0.0'"),
        ({"Statement": statement(Condition={"DateEquals": {"s3:x": "noon"}})}, "value 'noon'"),
    ],
)
def test_what_is_malformed_is_refused_with_its_spot(document: Any, spot: str) -> None:
    for given_as in (document, json.dumps(document)):
        with pytest.raises(MalformedPolicy) as refused:
            parse("own", given_as)
        assert spot in str(refused.value)


def test_an_element_given_twice_is_refused() -> None:
    twice = '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}'
    with pytest.raises(MalformedPolicy, match="twice"):
        parse("own", twice)
    for text in ("{", "[" * 100_000):
        with pytest.raises(MalformedPolicy, match="'own'"):
            parse("own", text)


def test_a_bucket_policy_names_principals() -> None:
    with pytest.raises(MalformedPolicy, match="0 of Principal"):
        parse("bucket policy", {"Statement": statement()}, of_bucket=True)
    with pytest.raises(MalformedPolicy, match="unknown element 'Aws'"):
        parse("b", {"Statement": statement(Principal={"Aws": "*"})}, of_bucket=True)
    service = statement(Principal={"Service": "lambda.amazonaws.com"})
    (read,) = parse("b", {"Statement": service}, of_bucket=True).statements
    assert read.principals is not None
    assert read.principals.patterns == ()


@given(st.text("ab*?\n.", max_size=8), st.text("ab*?\n.", max_size=8))
def test_wildcards_match_as_a_slow_matcher_does(pattern: str, value: str) -> None:
    assert plain(pattern).matches(value) == _matches(pattern, value)


def test_many_wildcards_take_no_time() -> None:
    begun = time.monotonic()
    assert not plain("*a" * 60 + "b").matches("a" * 1024)
    assert plain("*a" * 60 + "*").matches("a" * 1024)
    assert time.monotonic() - begun < 1


def _matches(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "*":
        return _matches(pattern[1:], value) or (bool(value) and _matches(pattern, value[1:]))
    return bool(value) and pattern[0] in ("?", value[0]) and _matches(pattern[1:], value[1:])
