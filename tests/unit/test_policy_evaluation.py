from __future__ import annotations

from typing import Any

import pytest

from emulator.files.policies.evaluation import Decision, Policies, evaluate
from tests.unit.policy_fakes import (
    OBJECT,
    PRINCIPAL,
    ROLE,
    ROOT,
    SESSION,
    allows,
    bucket_policy,
    decide,
    policy,
    request,
    statement,
)

ALL, NONE = policy(statement()), policy(statement(Action="sqs:*"))


def by(decision: Decision) -> list[str]:
    return [f"{found.document}/{found.statement.label}" for found in decision.by]


def test_nothing_is_allowed_by_itself() -> None:
    decision = decide(request(), NONE)
    assert (decision.kind, decision.lacking) == ("implicitly denied", "role's policies")


def test_a_deny_anywhere_wins_and_is_named() -> None:
    deny = policy(statement(), statement("Deny", Sid="Never"), name="limits")
    for where in ("session", "boundary", "bucket"):
        more = {
            where: deny if where != "bucket" else bucket_policy(statement("Deny", Principal="*"))
        }
        decision = evaluate(request(), Policies((ALL,), **more))
        assert decision.kind == "explicitly denied", where
    assert by(decide(request(), ALL, deny)) == ["limits/Never"]


@pytest.mark.parametrize("limit", ["session", "boundary"])
def test_a_limit_must_allow_too(limit: str) -> None:
    decision = evaluate(request(), Policies((ALL,), **{limit: NONE}))
    assert (decision.kind, decision.lacking) == ("implicitly denied", "own")
    assert not evaluate(request(), Policies((NONE,), **{limit: ALL})).allowed
    assert len(evaluate(request(), Policies((ALL,), **{limit: ALL})).by) == 2


@pytest.mark.parametrize(
    ("principal", "alone", "against_a_limit"),
    [
        (SESSION, True, True),
        (ROLE, True, False),
        ("*", True, False),
        (ROOT, False, False),
        ("123456789012", False, False),
        (f"{ROLE}x", False, False),
    ],
)
def test_whom_a_bucket_allows(principal: str, alone: bool, against_a_limit: bool) -> None:
    bucket = bucket_policy(statement(Principal={"AWS": [principal]}))
    assert decide(request(), NONE, bucket=bucket).allowed == alone
    assert decide(request(), NONE, bucket=bucket, session=NONE).allowed == against_a_limit
    assert decide(request(), NONE, bucket=bucket, session=ALL).allowed == alone


@pytest.mark.parametrize("principal", ["*", SESSION, ROLE, ROOT, "123456789012"])
def test_whom_a_bucket_denies(principal: str) -> None:
    bucket = bucket_policy(statement("Deny", Principal={"AWS": principal}))
    assert not decide(request(), ALL, bucket=bucket).allowed


def test_not_principal_leaves_out_only_whom_it_lists_in_full() -> None:
    for listed, allowed in (([SESSION, ROLE, ROOT], True), ([ROLE, ROOT], False), ([ROLE], False)):
        bucket = bucket_policy(statement("Deny", NotPrincipal={"AWS": listed}))
        assert decide(request(), ALL, bucket=bucket).allowed == allowed
    bucket = bucket_policy(statement("Deny", NotPrincipal={"AWS": [SESSION, ROLE, ROOT]}))
    assert not decide(request(), ALL, bucket=bucket, boundary=ALL).allowed
    grants = bucket_policy(statement(NotPrincipal={"AWS": "111122223333"}))
    assert not decide(request(), NONE, bucket=grants).allowed


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({"Action": "S3:getobject"}, True),
        ({"Action": "s3:Get?bject"}, True),
        ({"Action": ["s3:PutObject", "s3:*Object"]}, True),
        ({"Action": "s3:GetObjectVersion"}, False),
        ({"NotAction": "s3:GetObject"}, False),
        ({"NotAction": "s3:Put*"}, True),
        ({"Resource": "arn:aws:s3:::b/*"}, True),
        ({"Resource": "arn:aws:s3:::B/*"}, False),
        ({"Resource": "arn:aws:s3:::b/bob*.csv"}, True),
        ({"Resource": "arn:aws:s3:::b"}, False),
        ({"Resource": "arn:aws:s3:::?/bob/a.csv"}, True),
        ({"NotResource": "arn:aws:s3:::b/ann/*"}, True),
        ({"NotResource": ["arn:aws:s3:::x", "arn:aws:s3:::b/*"]}, False),
    ],
)
def test_actions_and_resources(given: dict[str, Any], allowed: bool) -> None:
    assert allows(request(), statement(**given)) == allowed


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [
        ("${aws:PrincipalTag/dir}/*", True),
        ("${AWS:principaltag/DIR}/*", True),
        ("${ aws:PrincipalTag/Cost Center }/*", True),
        ("${aws:username, 'bob'}/*", True),
        ("${aws:username}/*", False),
        ("${aws:PrincipalTag/star}/*", False),
        ("bob/a${*}csv", False),
        ("bob/a.cs?", True),
        ("bob/a.cs${?}", False),
    ],
)
def test_variables_in_a_resource(resource: str, allowed: bool) -> None:
    tags = {"dir": "bob", "cost center": "bob", "star": "*"}
    context = {f"aws:principaltag/{key}": (value,) for key, value in tags.items()}
    asked = request().__class__("s3:GetObject", OBJECT, PRINCIPAL, context)
    given = statement(Resource=f"arn:aws:s3:::b/{resource}")
    assert allows(asked, given) == allowed
    if "${" in resource:
        assert not allows(asked, given, version="2008-10-17")


def test_a_key_may_hold_the_characters_that_are_special() -> None:
    asked = request(resource="arn:aws:s3:::b/a*${x}?\n.csv")
    assert allows(asked, statement(Resource="arn:aws:s3:::b/a${*}${$}{x}${?}*"))
    assert allows(asked, statement(Resource="arn:aws:s3:::b/*"))


def test_an_allow_of_all_but_something_unknown_allows_nothing() -> None:
    unknown = "${aws:username}"
    assert not allows(request(), statement(NotResource=f"arn:aws:s3:::b/{unknown}/*"))
    not_like = {"StringNotLike": {"s3:prefix": f"{unknown}/*"}}
    assert not allows(request(s3_prefix="x/"), statement(Condition=not_like))
    deny = statement("Deny", NotResource=f"arn:aws:s3:::b/{unknown}/*")
    assert not allows(request(), statement(), deny)


def test_what_nearly_allowed_is_told() -> None:
    listing = statement(Sid="List", Condition={"StringLike": {"s3:prefix": "bob/*"}})
    decision = decide(request("s3:ListBucket", "arn:aws:s3:::b", s3_prefix=""), policy(listing))
    (near,) = decision.near
    assert near.statement.label == "List"
    assert [each.key for each in near.unmet] == ["s3:prefix"]
