"""What Transfer says about a file: that an upload completed or broke off, or that it was renamed.

Its events (Transfer Family user guide, events-detail-reference) are sent as best effort: one may be
missing, late, come twice or before S3's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from . import shapes

if TYPE_CHECKING:
    from .events import Upload

# The second is our emulator's: engines let nobody but AWS send as the first.
AWS, OURS = "aws.transfer", "quillgate.transfer"
COMPLETED = "SFTP Server File Upload Completed"
FAILED = "SFTP Server File Upload Failed"
RENAMED = "SFTP Server File Rename Completed"
PARTIAL = "PARTIAL_UPLOAD"
BROKE_OFF = "Transfer: the upload broke off"

# S3 knows seconds, and another clock; it has stored a file a while after its last byte.
_BEFORE, _AFTER = timedelta(seconds=2), timedelta(seconds=60)


@dataclass(frozen=True)
class Evidence:
    """What became of the file at `key` in `bucket`.

    `size` is in bytes, None for a rename; `etag` is known of some completed uploads; `started` (the
    file was opened) and `ended` look like `2026-11-23T09:00:00.000Z`.
    """

    kind: Literal["complete", "partial", "renamed"]
    bucket: str
    key: str
    started: str
    ended: str
    size: int | None = None
    etag: str | None = None
    renamed_from: str | None = None

    @property
    def earliest(self) -> str:
        """Before this S3 had not stored it: by LastModified, which of a multipart upload is when it
        began - after the file was opened in any case.
        """
        return shapes.in_utc(datetime.fromisoformat(self.started) - _BEFORE)

    @property
    def latest(self) -> str:
        """After this S3 had."""
        return shapes.in_utc(datetime.fromisoformat(self.ended) + _AFTER)

    def fits(self, upload: Upload) -> bool:
        """Whether it can be about `upload`, whose `uploaded_at` is its LastModified."""
        is_in_time = self.earliest <= upload.uploaded_at <= self.latest
        return is_in_time and self.size in (None, upload.size)

    @property
    def reason(self) -> str:
        """What Transfer says, for people."""
        if self.kind == "renamed":
            return f"Transfer: renamed from {self.renamed_from!r}: {self.ended}"
        what = "Transfer: the upload completed" if self.kind == "complete" else BROKE_OFF
        return f"{what} after {self.size} bytes: {self.ended}"


def is_event(record: object) -> bool:
    """Whether it has the shape of an EventBridge event, whatever of."""
    return isinstance(record, dict) and "detail-type" in record and "detail" in record


def read(event: dict[str, Any]) -> Evidence | None:
    """The evidence in an EventBridge event of Transfer's; None when it says nothing of the kind.

    AttributeError, LookupError, TypeError, ValueError when a member is missing or wrong.
    """
    what, detail = event["detail-type"], event["detail"]
    if event["source"] not in (AWS, OURS):
        raise ValueError(event["source"])
    if what == RENAMED:
        return _renamed(detail)
    if what == COMPLETED:
        etag = detail.get("etag")
        return _moved("complete", detail, shapes.text(etag).strip('"') if etag else None)
    # Of what failed otherwise nothing is stored: an earlier upload of that size must not suffer.
    if what == FAILED and detail.get("failure-code") == PARTIAL:
        return _moved("partial", detail)
    return None


def event(evidence: Evidence) -> dict[str, Any]:
    """The event from which `read` makes this evidence, to put on the queue as a record."""
    path = f"/{evidence.bucket}/{evidence.key}"
    times = {"start-timestamp": evidence.started, "end-timestamp": evidence.ended}
    if evidence.kind == "renamed":
        old = f"/{evidence.bucket}/{evidence.renamed_from}"
        names = {"original-file-path": old, "renamed-file-path": path}
        return _event(RENAMED, times | names)
    detail = times | {"file-path": path, "bytes": evidence.size, "etag": evidence.etag}
    if evidence.kind == "partial":
        return _event(FAILED, detail | {"failure-code": PARTIAL})
    return _event(COMPLETED, detail)


def located(path: str) -> tuple[str, str]:
    """Bucket and key of a path as Transfer writes it, `/bucket/key`; ValueError if it is none."""
    root, bucket, key = shapes.text(path).split("/", 2)
    if root or not bucket or not key:
        raise ValueError(path)
    return bucket, key


def _event(what: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {"source": OURS, "detail-type": what, "detail": detail}


def _renamed(detail: dict[str, Any]) -> Evidence | None:
    bucket, key = located(detail["renamed-file-path"])
    old_bucket, old = located(detail["original-file-path"])
    if old_bucket != bucket:
        return None
    return Evidence("renamed", bucket, key, *_times(detail), renamed_from=old)


def _moved(
    kind: Literal["complete", "partial"], detail: dict[str, Any], etag: str | None = None
) -> Evidence:
    bucket, key = located(detail["file-path"])
    return Evidence(kind, bucket, key, *_times(detail), shapes.size(detail["bytes"]), etag)


def _times(detail: dict[str, Any]) -> tuple[str, str]:
    return shapes.moment(detail["start-timestamp"]), shapes.moment(detail["end-timestamp"])
