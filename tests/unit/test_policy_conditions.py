"""Each operator by the rules of IAM's page on condition operators."""

from __future__ import annotations

import pytest

from emulator.files.policies.document import parse
from tests.unit.policy_fakes import PRINCIPAL, allows, request, statement

ARN = "arn:aws:iam::123456789012:role/sftp/user"


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "met"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "A", "a", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["x", "a"], "a", True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("StringNotEqualsIgnoreCase", "A", "a", False),
        ("StringLike", "a*c?", "abbcd", True),
        ("StringLike", "a", "ab", False),
        ("StringLike", "*", "a\nb", True),
        ("StringNotLike", "a*", "b", True),
        ("NumericEquals", 10, "10.0", True),
        ("NumericNotEquals", "10", "11", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10", "100", True),
        ("NumericGreaterThanEquals", "10", "9", False),
        ("NumericEquals", "1", "one", False),
        ("NumericNotEquals", "1", "one", True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", True),
        ("DateGreaterThan", "2026-01-01", "2025-12-31T23:59:59Z", False),
        ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
        ("DateNotEquals", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", False),
        ("Bool", True, "true", True),
        ("Bool", "TRUE", "true", True),
        ("Bool", "false", "true", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
        ("IpAddress", "203.0.113.0/24", "2001:db8::1", False),
        ("IpAddress", ["10.0.0.1", "2001:db8::/32"], "2001:db8::1", True),
        ("NotIpAddress", "203.0.113.0/24", "203.0.114.9", True),
        ("ArnEquals", "arn:aws:iam::*:role/*", ARN, True),
        ("ArnLike", "arn:aws:iam::123456789012:role/sftp/user", ARN, True),
        ("ArnLike", "arn:*:role/sftp/user", ARN, False),
        ("ArnLike", "arn:aws:iam:*:user", ARN, False),
        ("ArnNotLike", "arn:aws:iam::*:user/*", ARN, True),
        ("Null", "true", "x", False),
        ("Null", False, "x", True),
        ("ForAllValues:StringEquals", "a", "a", True),
        ("ForAllValues:StringEquals", "a", "", True),
        ("ForAnyValue:StringEquals", "", "", False),
        ("ForAnyValue:StringLike", "a*", "ab", True),
        ("StringEqualsIfExists", "a", "b", False),
    ],
)
def test_a_key_that_is_there(operator: str, wanted: object, value: str, met: bool) -> None:
    asked = request(s3_x=value)
    assert allows(asked, statement(Condition={operator: {"S3:X": wanted}})) == met


@pytest.mark.parametrize(
    ("operator", "met"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringNotLike", True),
        ("ArnNotLike", True),
        ("Bool", False),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", False),
    ],
)
def test_a_key_that_is_not_there(operator: str, met: bool) -> None:
    assert allows(request(), statement(Condition={operator: {"s3:x": "true"}})) == met


def test_null() -> None:
    assert allows(request(), statement(Condition={"Null": {"s3:x": "true"}}))
    assert not allows(request(), statement(Condition={"Null": {"s3:x": "false"}}))


def test_all_conditions_must_be_met() -> None:
    both = {"StringEquals": {"s3:x": "a", "s3:y": "b"}}
    assert allows(request(s3_x="a", s3_y="b"), statement(Condition=both))
    assert not allows(request(s3_x="a", s3_y="c"), statement(Condition=both))


@pytest.mark.parametrize(
    ("operator", "met"),
    [
        ("ForAllValues:StringLike", False),
        ("ForAnyValue:StringLike", True),
        ("ForAllValues:StringNotLike", False),
        ("ForAnyValue:StringNotLike", True),
        ("StringLike", False),
        ("StringNotLike", False),
    ],
)
def test_a_key_of_several_values(operator: str, met: bool) -> None:
    context = {"aws:tagkeys": ("apple", "pear")}
    asked = request().__class__("s3:PutObject", "arn:aws:s3:::b/k", PRINCIPAL, context)
    assert allows(asked, statement(Condition={operator: {"aws:TagKeys": "a*"}})) == met


def test_variables_in_values() -> None:
    like = statement(Condition={"StringLike": {"s3:prefix": "${s3:x, 'none'}/*"}})
    assert allows(request(s3_prefix="me/a", s3_x="me"), like)
    assert allows(request(s3_prefix="none/a"), like)
    assert not allows(request(s3_prefix="me/a", s3_x="*"), like)
    assert not allows(request(s3_prefix="me/a", s3_x="me"), like, version="2008-10-17")


def test_conditions_keep_what_they_were_written_as() -> None:
    condition = {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", True, 7]}}
    (read,) = parse("p", {"Statement": [statement(Condition=condition)]}).statements[0].conditions
    assert (read.operator, read.values) == ("ForAnyValue:StringLikeIfExists", ("a", "true", "7"))
