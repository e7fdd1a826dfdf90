"""The routes in force, as the bucket keeps them: read, and replaced only if nobody else did."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError
from sftp_watchdog.names import CONFIG_KEY
from sftp_watchdog.routes import MAX_BYTES

from quillgate.errors import ConfigError, RoutesChangedError
from quillgate.operate.deployment import Deployment
from quillgate.target import Target

# What a conditional write is refused with; the last: what was read is gone.
_CHANGED_MEANWHILE = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
# What says that there is no such version; the last: it is a delete marker.
_NO_VERSION = ("NoSuchKey", "NoSuchVersion", "InvalidArgument", "405", "MethodNotAllowed")
_PUSHED_BY = "pushed-by"
# Metadata is ASCII: names of other letters are kept as URLs have them.
_PLAIN = "@:/+=,"


@dataclass(frozen=True)
class Stored:
    """`watchdog.config` as it was read; of what is too large no more than shows that.

    `pushed_by` is None for what was written without a push; the time is that of S3.
    """

    content: bytes
    etag: str
    version_id: str | None = None
    pushed_by: str | None = None
    moment: datetime | None = None

    @property
    def pushed(self) -> str:
        """Who put it there and when."""
        who = self.pushed_by or "somebody unknown"
        return f"by {who} at {self.moment:%Y-%m-%d %H:%M:%S %Z}" if self.moment else f"by {who}"


@dataclass(frozen=True)
class RoutesStore:
    """`watchdog.config` in the bucket of a stack."""

    target: Target
    bucket: str

    @classmethod
    def of(cls, target: Target) -> RoutesStore:
        """That of the target's stack. Raises TargetError when there is none."""
        return cls(target, target.outputs()["BucketName"])

    @classmethod
    def at(cls, deployment: Deployment) -> RoutesStore:
        """That of a stack whose parts are known."""
        return cls(deployment.target, deployment.bucket)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{CONFIG_KEY}"

    def read(self) -> Stored | None:
        """What is in force, if anything is."""
        try:
            return self._get()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None

    def read_version(self, version_id: str) -> Stored:
        """One version of it. Raises ConfigError when there is none, or it is a deletion."""
        try:
            return self._get(VersionId=version_id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_VERSION:
                raise
            advice = "name one that has a text: quillgate routes versions"
            raise ConfigError(f"no such version of {self}", version_id, advice) from error

    def replace(self, before: Stored | None, content: bytes, by: str) -> Stored:
        """Put `content` in force in the name of `by`.

        Raises RoutesChangedError if that is no longer in place of `before`.
        """
        condition = {"IfMatch": before.etag} if before else {"IfNoneMatch": "*"}
        try:
            answer = self.target.client("s3").put_object(
                Bucket=self.bucket,
                Key=CONFIG_KEY,
                Body=content,
                Metadata={_PUSHED_BY: quote(by, safe=_PLAIN)},
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _CHANGED_MEANWHILE:
                raise
            advice = f"{self._who_was_first()}: look at them (quillgate routes show), push again"
            raise RoutesChangedError("routes were changed meanwhile", str(self), advice) from error
        return Stored(content, answer["ETag"], answer.get("VersionId"), by)

    def _get(self, **version: str) -> Stored:
        found: Any = self.target.client("s3").get_object(
            Bucket=self.bucket, Key=CONFIG_KEY, **version
        )
        with closing(found["Body"]) as body:
            content = body.read(MAX_BYTES + 1)
        who = found.get("Metadata", {}).get(_PUSHED_BY)
        return Stored(
            content,
            found["ETag"],
            found.get("VersionId"),
            unquote(who) if who else None,
            found.get("LastModified"),
        )

    def _who_was_first(self) -> str:
        try:
            found = self.read()
        except ClientError:
            found = None
        return found.pushed if found else "they are gone"
