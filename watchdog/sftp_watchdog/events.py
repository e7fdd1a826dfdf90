"""From the body of a queue message to uploads. The one place where keys are decoded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from . import evidence, shapes
from .errors import MessageError
from .evidence import Evidence


@dataclass(frozen=True)
class Upload:
    """One object version a person (or Quill) stored.

    `version_id` is None in a bucket without versions; `size` is in bytes; `uploaded_at` looks like
    `2026-11-23T09:00:00.000Z`; `upload_id` (64 hex digits) is also the id of its notification.
    `ordered_by` is the person who wants it told whatever the ledger says; None for an event.
    `fragment` says why it is known to be but a part of a file; None when it is not.
    """

    bucket: str
    key: str
    version_id: str | None
    size: int
    etag: str
    uploaded_at: str
    upload_id: str
    ordered_by: str | None = None
    fragment: str | None = None


@dataclass(frozen=True)
class NoUpload:
    """A record that tells of something other than an upload, and what that is."""

    reason: str


# S3 user guide, "Object key naming guidelines": 1,024 bytes of UTF-8.
_KEY_BYTES = 1024


def records(body: Any) -> list[Any]:
    """The records in a message's body: none, one or many of S3's; an event of Transfer's is one.

    Raises MessageError when the body is neither.
    """
    try:
        event = json.loads(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(_complaint("the message is no JSON", body)) from error
    if (_is_test(event) and "Records" not in event) or evidence.is_event(event):
        return [event]
    found = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(found, list):
        raise MessageError(_complaint("the message is no event of S3 or Transfer", body))
    return found


def read(record: Any) -> Upload | Evidence | NoUpload:
    """Read one record: S3's "event message structure", version 2.x, or an event of Transfer's.

    Raises MessageError when a member is missing or of the wrong kind.
    """
    if _is_test(record):
        return NoUpload("s3:TestEvent: S3 tried the notification")
    try:
        if evidence.is_event(record):
            return evidence.read(record) or NoUpload(f"no evidence: {record['detail-type']!r}")
        name = record["eventName"].removeprefix("s3:")
        if not name.startswith("ObjectCreated:"):
            return NoUpload(f"not an upload: event {name[:100]!r}")
        return _upload(record)
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        what = "event of Transfer's" if evidence.is_event(record) else "S3 record"
        raise MessageError(_complaint(f"the record is no {what}", record)) from error


def _upload(record: dict[str, Any]) -> Upload:
    bucket = shapes.text(record["s3"]["bucket"]["name"])
    stored = record["s3"]["object"]
    # AWS writes a space as `+`, LocalStack as `%20`: unquote_plus reads both.
    key = _key(unquote_plus(shapes.text(stored["key"]), errors="strict"))
    etag = shapes.text(stored["eTag"]).strip('"')
    version_id = _version_id(stored.get("versionId"))
    return Upload(
        bucket=bucket,
        key=key,
        version_id=version_id,
        size=shapes.size(stored["size"]),
        etag=etag,
        uploaded_at=shapes.moment(record["eventTime"]),
        upload_id=_id(bucket, key, version_id, etag, stored.get("sequencer")),
        ordered_by=_ordered_by(record.get("quillgate")),
    )


def of_version(bucket: str, version: Mapping[str, Any]) -> Upload:
    """The upload behind one of ListObjectVersions' `Versions`, with the id that its event has.

    But for an object without a version: its event's sequencer is in no list.
    """
    key, etag = version["Key"], version["ETag"].strip('"')
    version_id = _version_id(version["VersionId"])
    return Upload(
        bucket=bucket,
        key=key,
        version_id=version_id,
        size=version["Size"],
        etag=etag,
        uploaded_at=shapes.in_utc(version["LastModified"]),
        upload_id=_id(bucket, key, version_id, etag),
    )


def _version_id(value: object) -> str | None:
    return None if value in (None, "", "null") else shapes.text(value)


def _id(bucket: str, key: str, version_id: str | None, etag: str, sequencer: object = None) -> str:
    # Without a version, a second upload of the same bytes differs only in its sequencer.
    identity = [version_id] if version_id else [etag, str(sequencer)]
    return _digest([bucket, key, *identity])


def _ordered_by(extra: object) -> str | None:
    """S3 knows no such member: `quillgate redrive` adds it to what a person wants told."""
    return shapes.text(extra["ordered_by"]) if isinstance(extra, dict) else None


def _digest(parts: list[str]) -> str:
    # As a JSON list the parts cannot run into each other, whatever characters they hold.
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _key(value: str) -> str:
    if len(shapes.text(value).encode()) > _KEY_BYTES:
        raise ValueError(value)
    return value


def _is_test(event: object) -> bool:
    return isinstance(event, dict) and event.get("Event") == "s3:TestEvent"


def _complaint(what: str, value: object) -> str:
    try:
        shown = repr(value)
    except RecursionError:
        shown = "(too deeply nested to show)"
    return f"{what}: {shown[:300]} - look at it on the dead-letter queue"
