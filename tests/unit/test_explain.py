"""What `quillgate users explain` says, over services that answer from memory."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.files.policies.operations import Operation
from quillgate.errors import PolicyError, TargetError
from quillgate.explain import Explanation, explain, find_user
from quillgate.target import Target
from tests.unit.policy_fakes import ROLE, USER_ARN, statement

FILES = statement(Sid="Files", Action="s3:*Object", Resource="arn:aws:s3:::b/*")
LIST = statement(Sid="List", Action="s3:ListBucket", Resource="arn:aws:s3:::b")
HOME = {
    "Statement": [
        {**FILES, "Sid": "", "Resource": "arn:aws:s3:::${transfer:HomeDirectory}/*"},
        {**LIST, "Sid": "Home", "Condition": {"StringLike": {"s3:prefix": "bob/*"}}},
    ],
}
LOGICAL = {
    "HomeDirectoryType": "LOGICAL",
    "HomeDirectoryMappings": [
        {"Entry": "/in", "Target": "/b/bob/in"},
        {"Entry": "/docs/read.me", "Target": "/b/shared/read me", "Type": "FILE"},
    ],
}


class NotFoundError(Exception):
    """ResourceNotFoundException of a client."""


class Services:
    """One stack with one user, `bob`."""

    def __init__(
        self,
        user: dict[str, Any] | None = None,
        bucket: str | None = None,
        boundary: str | None = None,
        trusted: str = "transfer.amazonaws.com",
    ) -> None:
        home = {"HomeDirectory": "/b/bob", "HomeDirectoryType": "PATH"}
        self._user = {"UserName": "bob", "Arn": USER_ARN, "Role": ROLE, **(user or home)}
        trust = {"Effect": "Allow", "Principal": {"Service": trusted}}
        self._trust = {**trust, "Action": "sts:AssumeRole"}
        self._bucket = bucket
        self._boundary = {"PermissionsBoundaryArn": boundary} if boundary else None
        self.exceptions = SimpleNamespace(ResourceNotFoundException=NotFoundError)
        self.meta = SimpleNamespace(endpoint_url="https://s3", region_name="us-east-1")

    @property
    def target(self) -> Target:
        return Target("aws", "prod", lambda _: self)

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        outputs = [{"OutputKey": "ServerId", "OutputValue": "s-1"}]
        return {"Stacks": [{"Outputs": outputs}]}

    def describe_user(self, **call: str) -> dict[str, Any]:
        if call["UserName"] != "bob":
            raise NotFoundError
        return {"User": self._user}

    def list_users(self, **_: object) -> dict[str, Any]:
        return {"Users": [{"UserName": "ann"}, {"UserName": "bob"}]}

    def get_role(self, **call: str) -> dict[str, Any]:
        if call["RoleName"] != ROLE.rpartition("/")[2]:
            raise ClientError({"Error": {"Code": "NoSuchEntity"}}, "GetRole")
        role = {
            "Arn": ROLE,
            "RoleId": "AROA1",
            "Tags": [{"Key": "a", "Value": "b"}],
            "AssumeRolePolicyDocument": {"Statement": self._trust},
        }
        return {"Role": role | ({"PermissionsBoundary": b} if (b := self._boundary) else {})}

    def get_paginator(self, name: str) -> Any:
        pages = {
            "list_role_policies": [{"PolicyNames": ["own"]}, {"PolicyNames": []}],
            "list_attached_role_policies": [{"AttachedPolicies": [{"PolicyArn": "arn/List"}]}],
        }
        return SimpleNamespace(paginate=lambda **_: pages[name])

    def get_role_policy(self, **_: str) -> dict[str, Any]:
        return {"PolicyDocument": {"Version": "2012-10-17", "Statement": [FILES]}}

    def get_policy(self, **_: str) -> dict[str, Any]:
        return {"Policy": {"DefaultVersionId": "v2"}}

    def get_policy_version(self, **call: str) -> dict[str, Any]:
        assert call["VersionId"] == "v2"
        return {"PolicyVersion": {"Document": {"Statement": LIST}}}

    def get_bucket_policy(self, **_: str) -> dict[str, Any]:
        if self._bucket is None:
            raise ClientError({"Error": {"Code": "NoSuchBucketPolicy"}}, "GetBucketPolicy")
        return {"Policy": self._bucket}


def explained(
    operation: Operation, *paths: str, user: dict[str, Any] | None = None, **more: Any
) -> Explanation:
    target = Services(user, **more).target
    return explain(target, find_user(target, "bob"), operation, *paths)


def scoped(policy: object = None) -> dict[str, Any]:
    document = {"Version": "2012-10-17", **HOME} if policy is None else policy
    return {"HomeDirectory": "/b/bob", "Policy": json.dumps(document)}


def asked(explanation: Explanation) -> list[tuple[str, str]]:
    return [(step.request.action, step.request.resource) for step in explanation.steps]


@pytest.mark.parametrize(
    ("operation", "paths", "wanted"),
    [
        ("put", ["a b.csv"], [("s3:PutObject", "bob/a b.csv")]),
        ("get", ["in/é.csv"], [("s3:GetObject", "bob/in/é.csv")]),
        ("delete", ["/b/bob/x"], [("s3:DeleteObject", "bob/x")]),
        (
            "rename",
            ["a", "sub/b"],
            [
                ("s3:GetObject", "bob/a"),
                ("s3:PutObject", "bob/sub/b"),
                ("s3:DeleteObject", "bob/a"),
            ],
        ),
    ],
)
def test_each_action_is_asked_for_once(
    operation: Operation, paths: list[str], wanted: list[tuple[str, str]]
) -> None:
    explanation = explained(operation, *paths, user=scoped())
    assert asked(explanation) == [(action, f"arn:aws:s3:::b/{key}") for action, key in wanted]
    assert explanation.allowed


def test_the_statements_that_allow_are_named() -> None:
    assert list(explained("put", "a.csv", user=scoped()).lines()) == [
        "allowed  s3:PutObject on 'arn:aws:s3:::b/bob/a.csv'",
        "         allowed by statement Files of own",
        "         allowed by statement 1 of session policy",
    ]


def test_the_keys_that_decide_are_shown() -> None:
    lines = list(explained("list", "in", user=scoped()).lines())
    key = "s3:prefix is 'bob/in/', asked for: StringLike 'bob/*'"
    assert lines[-1] == f"         allowed by statement Home of session policy; {key}"
    refused = explained("list", "..", user=scoped())
    assert not refused.allowed
    assert list(refused.lines())[-2:] == [
        "         no statement of the session policy allows it",
        "         statement Home of session policy does not apply;"
        " s3:prefix is '', asked for: StringLike 'bob/*'",
    ]


def test_a_deny_of_the_bucket_is_named() -> None:
    deny = statement("Deny", Sid="Frozen", Principal="*", Condition={"Null": {"aws:x": "true"}})
    explanation = explained("put", "a", bucket=json.dumps({"Statement": [deny]}))
    assert not explanation.allowed
    assert list(explanation.lines()) == [
        "denied   s3:PutObject on 'arn:aws:s3:::b/bob/a'",
        "         denied by statement Frozen of bucket policy;"
        " aws:x is not in the request, asked for: Null 'true'",
    ]


def test_a_boundary_limits() -> None:
    refused = explained("put", "a", boundary="arn/List")
    assert not refused.allowed
    assert refused.steps[0].decision.lacking == "List"
    assert explained("list", ".", boundary="arn/List").allowed


def test_mappings_are_honoured() -> None:
    assert asked(explained("get", "docs/read.me", user=LOGICAL)) == [
        ("s3:GetObject", "arn:aws:s3:::b/shared/read me")
    ]
    assert asked(explained("put", "/in/a", user=LOGICAL)) == [
        ("s3:PutObject", "arn:aws:s3:::b/bob/in/a")
    ]
    assert explained("list", "/", user=LOGICAL).allowed
    refused: list[tuple[Operation, str]] = [("put", "elsewhere/a"), ("delete", "in"), ("get", "/")]
    for operation, path in refused:
        explanation = explained(operation, path, user=LOGICAL)
        assert not explanation.allowed
        assert "S3 is not asked" in next(explanation.lines())


def test_variables_of_the_home_are_none_of_a_logical_users() -> None:
    explanation = explained("put", "in/a", user={**LOGICAL, **scoped(), "HomeDirectory": "/"})
    assert explanation.steps[0].decision.lacking == "session policy"


def test_an_unknown_user_is_told_from_the_known() -> None:
    with pytest.raises(TargetError, match="'bo' - its users: ann, bob"):
        find_user(Services().target, "bo")


@pytest.mark.parametrize(
    "role", [ROLE.replace("role/", "role/x/"), ROLE.replace(":role", "0:role"), f"{ROLE}x"]
)
def test_only_the_role_of_just_this_arn_will_do(role: str) -> None:
    with pytest.raises(PolicyError, match=f"'bob' - no such role: '{role}'"):
        explained("put", "a", user={"HomeDirectory": "/b/bob", "Role": role})


@pytest.mark.parametrize("policy", ["{", {"Statement": {"Effect": "Allow"}}])
def test_a_malformed_policy_is_told(policy: object) -> None:
    user = {**scoped(), "Policy": policy if isinstance(policy, str) else json.dumps(policy)}
    with pytest.raises(PolicyError, match="'bob' - "):
        explained("put", "a", user=user)


def test_a_role_that_does_not_trust_transfer_lets_nobody_in() -> None:
    services = Services(trusted="ec2.amazonaws.com")
    with pytest.raises(PolicyError, match="nobody can log in as: 'bob' - role does not trust"):
        explain(services.target, find_user(services.target, "bob"), "put", "a.csv")
