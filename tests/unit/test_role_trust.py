"""Whom a role lets Transfer act for (Transfer user guide, requirements-roles, confused-deputy)."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.files.errors import PermissionDenied
from emulator.files.policies.document import parse_trust
from emulator.files.policies.role import Role
from emulator.files.policies.spot import MalformedPolicy
from emulator.files.policies.trust import check_trust
from tests.unit.policy_fakes import PRINCIPAL, ROLE, USER_ARN

TRANSFER = {"Service": "transfer.amazonaws.com"}


def trust(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": TRANSFER, "Action": "sts:AssumeRole", **more}


def check(*statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    role = Role(ROLE, "AROA1", {}, (), None, parse_trust("trust policy", document))
    check_trust(role, USER_ARN, PRINCIPAL.session_name)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Action": ["sts:TagSession", "sts:AssumeRole"]},
        {"Principal": {"Service": ["ec2.amazonaws.com", "transfer.amazonaws.com"]}},
        {"Principal": {"AWS": "*", **TRANSFER}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": USER_ARN.replace("bob", "*")}}},
        {"Condition": {"StringLike": {"sts:RoleSessionName": "bob.*"}}},
    ],
)
def test_who_trusts_transfer(more: dict[str, Any]) -> None:
    check(trust(**more))


@pytest.mark.parametrize(
    "more",
    [
        {"Principal": {"Service": "ec2.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Action": "sts:AssumeRoleWithSAML"},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": USER_ARN.replace("bob", "alice")}}},
    ],
)
def test_who_does_not(more: dict[str, Any]) -> None:
    with pytest.raises(
        PermissionDenied, match=r"does not trust transfer\.amazonaws\.com: 'arn:aws"
    ):
        check(trust(**more))


def test_a_deny_wins() -> None:
    with pytest.raises(PermissionDenied):
        check(trust(), trust(Effect="Deny"))


@pytest.mark.parametrize("more", [{"Resource": "*"}, {"Principal": {"service": "x"}}])
def test_what_is_malformed_is_told(more: dict[str, Any]) -> None:
    with pytest.raises(MalformedPolicy, match="trust policy, statement 1"):
        check(trust(**more))
