"""The routes in force, as the bucket keeps them: read, and replaced only if nobody else did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from sftp_watchdog.names import CONFIG_KEY

from quillgate.errors import ConfigError
from quillgate.target import Target

# What a conditional write is refused with; the last: what was read is gone.
_CHANGED_MEANWHILE = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
_PUSHED_BY = "pushed-by"


@dataclass(frozen=True)
class Stored:
    """`watchdog.config` as it was read."""

    content: bytes
    etag: str


@dataclass(frozen=True)
class RoutesStore:
    """`watchdog.config` in the bucket of a stack."""

    target: Target
    bucket: str

    @classmethod
    def of(cls, target: Target) -> RoutesStore:
        """That of the target's stack. Raises TargetError when there is none."""
        return cls(target, target.outputs()["BucketName"])

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{CONFIG_KEY}"

    def read(self) -> Stored | None:
        """What is in force, if anything is."""
        try:
            found: Any = self.target.client("s3").get_object(Bucket=self.bucket, Key=CONFIG_KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None
        return Stored(found["Body"].read(), found["ETag"])

    def replace(self, before: Stored | None, content: bytes) -> None:
        """Put `content` in force; ConfigError if that is no longer in place of `before`."""
        condition = {"IfMatch": before.etag} if before else {"IfNoneMatch": "*"}
        try:
            self.target.client("s3").put_object(
                Bucket=self.bucket,
                Key=CONFIG_KEY,
                Body=content,
                Metadata={_PUSHED_BY: self.target.caller()},
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _CHANGED_MEANWHILE:
                raise
            advice = f"{self._who_was_first()}: look at them (quillgate routes show), push again"
            raise ConfigError("routes were changed meanwhile", str(self), advice) from error

    def _who_was_first(self) -> str:
        try:
            found = self.target.client("s3").head_object(Bucket=self.bucket, Key=CONFIG_KEY)
        except ClientError:
            return "they are gone"
        who = found["Metadata"].get(_PUSHED_BY, "somebody, without `routes push`")
        return f"by {who} at {found['LastModified']:%Y-%m-%d %H:%M:%S %Z}"
