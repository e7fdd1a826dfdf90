"""One session and policies for it, for the tests of `emulator.files.policies`."""

from __future__ import annotations

from typing import Any

from emulator.files.policies.document import Document, parse
from emulator.files.policies.evaluation import Decision, Policies, Request, evaluate
from emulator.files.policies.principal import Principal

ROLE = "arn:aws:iam::123456789012:role/sftp/user"
USER_ARN = "arn:aws:transfer:us-east-1:123456789012:user/s-1/bob"
PRINCIPAL = Principal(ROLE, "bob.0123@s-1")
SESSION = "arn:aws:sts::123456789012:assumed-role/user/bob.0123@s-1"
ROOT = "arn:aws:iam::123456789012:root"
OBJECT = "arn:aws:s3:::b/bob/a.csv"
EVERYTHING = {"Action": "*", "Resource": "*"}


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    given = {"Effect": effect, "Action": "s3:*", "Resource": "*", **more}
    for name in ("Action", "Resource", "Principal"):
        if f"Not{name}" in more:
            given.pop(name, None)
    return given


def policy(
    *statements: dict[str, Any], version: str = "2012-10-17", name: str = "own", **bucket: bool
) -> Document:
    return parse(name, {"Version": version, "Statement": list(statements)}, **bucket)


def bucket_policy(*statements: dict[str, Any]) -> Document:
    return policy(*statements, name="bucket policy", of_bucket=True)


def request(action: str = "s3:GetObject", resource: str = OBJECT, **keys: str) -> Request:
    """`s3_prefix="x"` is the key `s3:prefix`."""
    context = {key.replace("_", ":", 1): (value,) for key, value in keys.items()}
    return Request(action, resource, PRINCIPAL, context)


def decide(asked: Request, *own: Document, **more: Document) -> Decision:
    return evaluate(asked, Policies(own, **more))


def allows(asked: Request, *statements: dict[str, Any], version: str = "2012-10-17") -> bool:
    return decide(asked, policy(*statements, version=version)).allowed
