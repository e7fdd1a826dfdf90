"""The guard on a real client of S3, whose requests are answered before they leave."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from emulator.files.policies.document import Document, parse
from emulator.files.policies.evaluation import Policies
from emulator.files.policies.guard import Guard
from emulator.files.policies.requests import Caller, UnknownCall
from tests.unit.policy_fakes import PRINCIPAL, bucket_policy, policy, statement

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CALLER = Caller(PRINCIPAL, "AROA1", "eu-central-1", is_secure=True, tags={"Dir": "bob"})
OBJECT = "arn:aws:s3:::b/bob/a.csv"


@cache
def _session() -> boto3.Session:
    """Reads AWS's models once."""
    return boto3.Session("key", "secret", region_name="eu-central-1")


class Body(io.BytesIO):
    """What an HTTP client hands over."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


class S3:
    """Answers every request with `status`, and remembers it."""

    def __init__(
        self, own: Document, status: int = 200, bucket: Document | str | None = None
    ) -> None:
        self.sent: list[str] = []
        self.asked: list[str] = []
        self._status, self._bucket = status, bucket
        self.client: S3Client = _session().client("s3")
        answer: Any = self._answer
        self.client.meta.events.register("before-send.s3", answer)
        Guard(CALLER, Policies((own,)), self._bucket_policy).hold(self.client)

    def _bucket_policy(self, bucket: str) -> Document | None:
        self.asked.append(bucket)
        found = self._bucket
        return parse("bucket policy", found, of_bucket=True) if isinstance(found, str) else found

    def _answer(self, request: Any, **_: object) -> AWSResponse:
        self.sent.append(request.method)
        return AWSResponse(request.url, self._status, HTTPHeaders(), Body())


def refused(call: Any, **parameters: object) -> None:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert error.value.response["Error"]["Code"] == "AccessDenied"


def test_what_is_allowed_is_sent() -> None:
    s3 = S3(policy(statement(Action="s3:PutObject", Resource="arn:aws:s3:::b/bob/*")))
    s3.client.put_object(Bucket="b", Key="bob/é +%\n'\".csv", Body=b"")
    assert s3.sent == ["PUT"]


def test_what_is_refused_is_not_sent() -> None:
    s3 = S3(policy(statement(Action="s3:GetObject", Resource=OBJECT)))
    refused(s3.client.get_object, Bucket="b", Key="bob/b.csv")
    refused(s3.client.put_object, Bucket="b", Key="bob/a.csv")
    refused(s3.client.list_objects_v2, Bucket="b")
    refused(s3.client.list_buckets)
    assert s3.sent == []


def test_a_listing_is_decided_by_its_prefix_and_limits() -> None:
    condition = {
        "StringEquals": {"s3:prefix": "bob/", "s3:delimiter": "/"},
        "NumericLessThanEquals": {"s3:max-keys": "1000"},
    }
    s3 = S3(policy(statement(Action="s3:ListBucket", Condition=condition)))
    s3.client.list_objects_v2(Bucket="b", Prefix="bob/", Delimiter="/")
    refused(s3.client.list_objects_v2, Bucket="b", Prefix="bo", Delimiter="/")
    refused(s3.client.list_objects_v2, Bucket="b", Delimiter="/")
    assert s3.sent == ["GET"]


def test_a_copy_needs_both_its_ends() -> None:
    copy = {"Bucket": "b", "Key": "new", "CopySource": {"Bucket": "b", "Key": "old"}}
    read = statement(Action="s3:GetObject", Resource="arn:aws:s3:::b/old")
    write = statement(Action="s3:PutObject", Resource="arn:aws:s3:::b/new")
    part = {**copy, "UploadId": "u", "PartNumber": 1}
    for one in (read, write):
        refused(S3(policy(one)).client.copy_object, **copy)
        refused(S3(policy(one)).client.upload_part_copy, **part)
    s3 = S3(policy(read, write))
    s3.client.copy_object(**copy)  # type: ignore[arg-type]  # it is what it takes
    s3.client.upload_part_copy(**part)  # type: ignore[arg-type]
    assert s3.sent == ["PUT", "PUT"]


def test_parts_are_puts_and_giving_up_is_an_action_of_its_own() -> None:
    s3 = S3(policy(statement(Action="s3:PutObject")))
    s3.client.upload_part(Bucket="b", Key="k", UploadId="u", PartNumber=1, Body=b"x")
    refused(s3.client.abort_multipart_upload, Bucket="b", Key="k", UploadId="u")
    s3 = S3(policy(statement(Action="s3:AbortMultipartUpload")))
    s3.client.abort_multipart_upload(Bucket="b", Key="k", UploadId="u")
    refused(s3.client.create_multipart_upload, Bucket="b", Key="k")
    refused(s3.client.complete_multipart_upload, Bucket="b", Key="k", UploadId="u")


@pytest.mark.parametrize("call", ["head_object", "get_object"])
def test_a_missing_key_is_forbidden_without_the_right_to_list(call: str) -> None:
    reads = statement(Action="s3:GetObject")
    for listing in ([], [statement(Condition={"StringLike": {"s3:prefix": "bob/*"}})]):
        s3 = S3(policy(reads, *[{**each, "Action": "s3:ListBucket"} for each in listing]), 404)
        refused(getattr(s3.client, call), Bucket="b", Key="bob/a.csv")
        assert s3.sent
    lists = S3(policy(reads, statement(Action="s3:ListBucket")), 404)
    with pytest.raises(ClientError) as error:
        getattr(lists.client, call)(Bucket="b", Key="bob/a.csv")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_the_buckets_policy_is_asked_for_once() -> None:
    deny = statement("Deny", Action="s3:GetObject", Principal="*", Resource=OBJECT)
    s3 = S3(policy(statement()), bucket=bucket_policy(deny))
    refused(s3.client.get_object, Bucket="b", Key="bob/a.csv")
    s3.client.get_object(Bucket="b", Key="bob/b.csv")
    assert s3.asked == ["b"]


def test_a_bucket_policy_that_cannot_be_read_allows_nothing() -> None:
    s3 = S3(policy(statement()), bucket="{")
    refused(s3.client.get_object, Bucket="b", Key="bob/a.csv")
    assert s3.sent == []


def test_the_caller_is_known_to_policies() -> None:
    condition = {
        "Bool": {"aws:SecureTransport": True},
        "StringEquals": {"aws:PrincipalTag/Dir": "bob", "aws:userid": "AROA1:bob.0123@s-1"},
        "StringLike": {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-*"},
        "ArnEquals": {"aws:PrincipalArn": PRINCIPAL.role_arn},
        "DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
    }
    own = statement(Resource="arn:aws:s3:::b/${aws:PrincipalTag/Dir}/*", Condition=condition)
    s3 = S3(policy(own))
    s3.client.get_object(Bucket="b", Key="bob/a.csv")
    refused(s3.client.get_object, Bucket="b", Key="ann/a.csv")


def test_a_call_without_a_rule_is_not_made() -> None:
    s3 = S3(policy(statement()))
    with pytest.raises(UnknownCall, match="DeleteObjects"):
        s3.client.delete_objects(Bucket="b", Delete={"Objects": [{"Key": "k"}]})
    assert s3.sent == []
