from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from emulator.quill.objects import ObjectError, S3Objects

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture(scope="module")
def client() -> S3Client:
    session = boto3.Session("test", "test", region_name="us-east-1")
    return session.client("s3", endpoint_url="http://127.0.0.1:1")


@pytest.fixture
def s3(client: S3Client) -> Iterator[tuple[Stubber, S3Objects]]:
    with Stubber(client) as stubber:
        yield stubber, S3Objects(client)
        stubber.assert_no_pending_responses()


def test_the_version_told_is_the_one_read_in_pieces(s3: tuple[Stubber, S3Objects]) -> None:
    stubber, objects = s3
    content = b"x" * 600_000
    body = StreamingBody(io.BytesIO(content), len(content))
    asked = {"Bucket": "uploads", "Key": "a b+.csv", "VersionId": "v1"}
    stubber.add_response("get_object", {"Body": body}, asked)

    pieces = list(objects.read("uploads", "a b+.csv", "v1"))

    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 1 << 18


def test_a_file_cut_off_midway_is_no_shorter_file(s3: tuple[Stubber, S3Objects]) -> None:
    stubber, objects = s3
    stubber.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"ab"), 3)})

    with pytest.raises(ObjectError, match="reading the file failed: 's3://uploads/k'"):
        list(objects.read("uploads", "k", "v1"))


def test_a_story_is_put_as_text(s3: tuple[Stubber, S3Objects]) -> None:
    stubber, objects = s3
    put = {
        "Bucket": "uploads",
        "Key": "é.story.txt",
        "Body": "größe".encode(),
        "ContentType": "text/plain; charset=utf-8",
    }
    stubber.add_response("put_object", {}, put)

    objects.put_text("uploads", "é.story.txt", "größe")


def test_a_refusal_says_what_to_do(s3: tuple[Stubber, S3Objects]) -> None:
    stubber, objects = s3
    stubber.add_client_error("put_object", "AccessDenied", "no policy allows it", 403)

    with pytest.raises(ObjectError, match=r"AccessDenied.*allow QuillPrincipalArn"):
        objects.put_text("uploads", "k", "text")
