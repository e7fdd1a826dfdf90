"""The engine's decision on an S3 call, and ours on the same."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.files.policies.document import parse
from emulator.files.policies.evaluation import Policies, Request, evaluate
from emulator.files.policies.principal import Principal
from emulator.files.policies.requests import Caller, requests_of

REGION = "us-east-1"
ACCOUNT = "000000000000"
TAGS = {"team": "sales", "Level": "7"}
SESSION = "acme.0123456789abcdef@s-0123456789abcdef0"
METHODS = {
    "ListBuckets": "list_buckets",
    "ListObjectsV2": "list_objects_v2",
    "HeadObject": "head_object",
    "GetObject": "get_object",
    "PutObject": "put_object",
    "CopyObject": "copy_object",
    "CreateMultipartUpload": "create_multipart_upload",
    "AbortMultipartUpload": "abort_multipart_upload",
    "DeleteObject": "delete_object",
}
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """An S3 call by botocore's name."""

    name: str
    parameters: Json


@dataclass(frozen=True)
class Case:
    """The policies that apply to one session; each as a JSON object."""

    identity: Json
    session: Json | None = None
    bucket: Json | None = None
    boundary: Json | None = None

    def documents(self) -> list[Json]:
        given = (self.identity, self.session, self.bucket, self.boundary)
        return [each for each in given if each is not None]


class Engine:
    """One role and one bucket, whose policies are those of the case that is `set_up`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._root = boto3.Session("test", "test", region_name=REGION)
        self._s3, self._iam, self._sts = map(self.root_client, ("s3", "iam", "sts"))
        self.bucket = f"policies-{uuid.uuid4().hex[:8]}"
        self._s3.create_bucket(Bucket=self.bucket)
        self._s3.delete_public_access_block(Bucket=self.bucket)
        self.role = self._role()
        core = botocore.session.Session()
        core.set_credentials("unset", "unset", "unset")
        self._credentials: Any = core.get_credentials()
        self._session_s3 = self.root_client("s3", boto3.Session(botocore_session=core))

    def store(self, keys: list[str]) -> None:
        for key in keys:
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=b"x")

    @contextlib.contextmanager
    def in_force(self, case: Case) -> Iterator[None]:
        """Put the case's policies in force and assume the role anew; take its boundary away."""
        self._set_up(case)
        yield
        if case.boundary:
            self._iam.delete_role_permissions_boundary(RoleName=self.role.rpartition("/")[2])

    def _set_up(self, case: Case) -> None:
        name = self.role.rpartition("/")[2]
        self._iam.put_role_policy(
            RoleName=name, PolicyName="own", PolicyDocument=json.dumps(case.identity)
        )
        self._bound(name, case.boundary)
        if case.bucket:
            self._s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(case.bucket))
        else:
            self._s3.delete_bucket_policy(Bucket=self.bucket)
        policy = {"Policy": json.dumps(case.session)} if case.session else {}
        keys = self._sts.assume_role(RoleArn=self.role, RoleSessionName=SESSION, **policy)
        given = keys["Credentials"]
        self._credentials.access_key = given["AccessKeyId"]
        self._credentials.secret_key = given["SecretAccessKey"]
        self._credentials.token = given["SessionToken"]

    def allows(self, call: Call) -> bool:
        """Make the call as the session; anything but 403 means that IAM has let it pass."""
        try:
            getattr(self._session_s3, METHODS[call.name])(**call.parameters)
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"] != 403
        return True

    def caller(self) -> Caller:
        """Whom IAM sees."""
        found = self._iam.get_role(RoleName=self.role.rpartition("/")[2])["Role"]
        principal = Principal(self.role, SESSION)
        return Caller(principal, found["RoleId"], REGION, is_secure=False, tags=TAGS)

    def root_client(self, service: str, session: boto3.Session | None = None) -> Any:
        """A client that may do everything, or one of `session`."""
        make: Any = (session or self._root).client
        config = Config(
            proxies={}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
        )
        return make(service, endpoint_url=self._url, region_name=REGION, config=config)

    def _role(self) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            ],
        }
        made = self._iam.create_role(
            RoleName=f"policies-{uuid.uuid4().hex[:8]}",
            AssumeRolePolicyDocument=json.dumps(trust),
            Tags=[{"Key": key, "Value": value} for key, value in TAGS.items()],
        )
        return str(made["Role"]["Arn"])

    def _bound(self, role: str, boundary: Json | None) -> None:
        if boundary is None:
            return
        made = self._iam.create_policy(
            PolicyName=f"limit-{uuid.uuid4().hex}", PolicyDocument=json.dumps(boundary)
        )
        self._iam.put_role_permissions_boundary(
            RoleName=role, PermissionsBoundary=made["Policy"]["Arn"]
        )


@dataclass(frozen=True)
class Question:
    """What an evaluator is asked: may the session make all these requests?"""

    case: Case
    requests: tuple[Request, ...]


def question(case: Case, call: Call, caller: Caller) -> Question:
    """The call as IAM sees it; the engine also knows the address that it comes from."""
    address = {"aws:sourceip": ("127.0.0.1",)}
    asked = requests_of(call.name, call.parameters, caller)
    return Question(
        case, tuple(replace(each, context={**each.context, **address}) for each in asked)
    )


def ours(question: Question) -> bool:
    """Our decision."""
    case = question.case
    policies = Policies(
        (parse("own", case.identity),),
        parse("session policy", case.session) if case.session else None,
        parse("boundary", case.boundary) if case.boundary else None,
        parse("bucket policy", case.bucket, of_bucket=True) if case.bucket else None,
    )
    return all(
        evaluate(each, policies if each.bucket else policies.with_bucket(None)).allowed
        for each in question.requests
    )
