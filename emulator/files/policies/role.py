"""The policies in force for a role and for a bucket, read from IAM and S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from emulator.files.errors import PermissionDenied
from emulator.files.policies.document import Document, parse, parse_trust

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import RoleTypeDef
    from types_boto3_s3 import S3Client

BUCKET_POLICY = "bucket policy"
_NONE_THERE = ("NoSuchBucketPolicy", "NoSuchBucket")


@dataclass(frozen=True)
class Role:
    """A role as IAM has it now."""

    arn: str
    id: str
    tags: Mapping[str, str]
    policies: tuple[Document, ...]
    boundary: Document | None
    trust: Document


def read_role(iam: IAMClient, role_arn: str) -> Role:
    """Read a role and its policies; raises ClientError, MalformedPolicy, PermissionDenied."""
    name = role_arn.rpartition("/")[2]
    role = _role(iam, name)
    if role is None or role["Arn"] != role_arn:
        # A role of this name but of another path or account is another one.
        raise PermissionDenied(f"no such role: '{role_arn}' - give the user one of this account")
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Role(
        arn=role["Arn"],
        id=role["RoleId"],
        tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        policies=(*_inline(iam, name), *_attached(iam, name)),
        boundary=_managed(iam, boundary) if boundary else None,
        trust=parse_trust("trust policy", cast("Any", role["AssumeRolePolicyDocument"])),
    )


def bucket_policy(s3: S3Client, bucket: str) -> Document | None:
    """Read a bucket's policy, None when it has none; raises ClientError, MalformedPolicy."""
    try:
        text = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _NONE_THERE:
            return None
        raise
    return parse(BUCKET_POLICY, text, of_bucket=True)


def _role(iam: IAMClient, name: str) -> RoleTypeDef | None:
    try:
        return iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return None
        raise


def _inline(iam: IAMClient, role: str) -> Iterator[Document]:
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            found = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            yield _parsed(name, found)


def _attached(iam: IAMClient, role: str) -> Iterator[Document]:
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for policy in page["AttachedPolicies"]:
            yield _managed(iam, policy["PolicyArn"])


def _managed(iam: IAMClient, arn: str) -> Document:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return _parsed(arn.rpartition("/")[2], found)


def _parsed(name: str, document: object) -> Document:
    """botocore has turned the JSON into an object already."""
    return parse(name, cast("str | Mapping[str, Any]", document))
