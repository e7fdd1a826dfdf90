"""The bucket as Quill sees it: by the S3 API and nothing else. S3's errors are caught here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from emulator.credentials import assumed_session

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CHUNK = 1 << 18
_CONFIG = Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 2})


class ObjectError(Exception):
    """S3 did not do what Quill needs for a story; the words say what to do."""


class Objects(Protocol):
    """Where files are read and stories are put."""

    def read(self, bucket: str, key: str, version_id: str) -> Iterator[bytes]:
        """The object's bytes in pieces, each small. Raises `ObjectError`, also midway."""

    def put_text(self, bucket: str, key: str, text: str) -> None:
        """Store `text` as UTF-8, `text/plain; charset=utf-8`. Raises `ObjectError`."""


class S3Objects:
    """`Objects` on S3."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def read(self, bucket: str, key: str, version_id: str) -> Iterator[bytes]:
        """See `Objects`; pieces of 256 KiB."""
        try:
            found = self._client.get_object(Bucket=bucket, Key=key, VersionId=version_id)
            with closing(found["Body"]) as body:
                while chunk := body.read(_CHUNK):
                    yield chunk
        except (BotoCoreError, ClientError) as error:
            raise _in_words("reading the file", bucket, key, error) from error

    def put_text(self, bucket: str, key: str, text: str) -> None:
        """See `Objects`."""
        try:
            self._client.put_object(
                Bucket=bucket,
                Key=key,
                Body=text.encode(),
                ContentType="text/plain; charset=utf-8",
            )
        except (BotoCoreError, ClientError) as error:
            raise _in_words("writing the story", bucket, key, error) from error


def s3_objects(region: str, role_arn: str | None) -> S3Objects:
    """By the role when there is one, else by the process's own credentials."""
    if role_arn is None:
        session = boto3.Session(region_name=region)
    else:
        session = assumed_session(role_arn, "quill", region=region)
    return S3Objects(session.client("s3", config=_CONFIG))


_ADVICE = {
    "AccessDenied": "allow QuillPrincipalArn to read uploads and write stories, then restart Quill",
    "NoSuchBucket": "deploy the stack, or correct the bucket in the notification",
    "NoSuchKey": "the upload is gone; upload it again",
    "NoSuchVersion": "the upload is gone; upload it again",
}


def _in_words(doing: str, bucket: str, key: str, error: Exception) -> ObjectError:
    code = type(error).__name__
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", code)
    advice = _ADVICE.get(code, "see that S3 can be reached with Quill's credentials")
    return ObjectError(f"{doing} failed: 's3://{bucket}/{key}' - {code}: {error}; {advice}")
