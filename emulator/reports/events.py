"""A record as the event Transfer sends to EventBridge, if it sends one.

Names and fields: user guide, events-detail-reference. Chosen, for it does not say: an operation
that fails, at OPEN too, is `UNKNOWN_ERROR` with what the client was told; a file left open by a cut
connection is partial even if nothing was missing; only completed files have an `etag`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emulator.files.activity import Moved, Record

if TYPE_CHECKING:
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

_CHANGES = {
    "DELETE": "File Delete",
    "RENAME": "File Rename",
    "MKDIR": "Directory Create",
    "RMDIR": "Directory Delete",
}
_PATHS = {
    "DELETE": {"path": "file-path"},
    "RENAME": {"path": "original-file-path", "new-path": "renamed-file-path"},
    "MKDIR": {"path": "directory-path"},
    "RMDIR": {"path": "directory-path"},
}


def event(record: Record, source: str) -> PutEventsRequestEntryTypeDef | None:
    """The entry for PutEvents to the default bus; None for what Transfer has no event for."""
    what = _what(record)
    if what is None:
        return None
    outcome = _outcome(record)
    return {
        "Source": source,
        "DetailType": f"SFTP Server {what} {outcome['status-code'].capitalize()}",
        "Time": datetime.fromtimestamp(record.ended / 10**9, UTC),
        "Resources": [record.server_arn],
        "Detail": json.dumps({**outcome, **_detail(record)}, ensure_ascii=False),
    }


def _what(record: Record) -> str | None:
    if record.moved is None:
        return _CHANGES.get(record.kind)
    has_ended = record.kind != "OPEN" or record.error
    return f"File {record.moved.direction}" if has_ended else None


def _outcome(record: Record) -> dict[str, str]:
    if record.error:
        return _failed("UNKNOWN_ERROR", record.error)
    if record.kind == "PARTIAL_CLOSE" and record.moved:
        direction = record.moved.direction
        return _failed(f"PARTIAL_{direction.upper()}", f"File was partially {direction.lower()}ed.")
    return {"status-code": "COMPLETED"}


def _failed(code: str, message: str) -> dict[str, str]:
    return {"status-code": "FAILED", "failure-code": code, "failure-message": message}


def _detail(record: Record) -> dict[str, Any]:
    moved = record.moved
    names = _PATHS.get(record.kind, {"path": "file-path"})
    return {
        "protocol": "SFTP",
        "server-id": record.server_arn.rpartition("/")[2],
        "username": record.user,
        "session-id": record.session_id,
        "client-ip": record.client_ip,
        "start-timestamp": _timestamp(moved.since if moved else record.started),
        "end-timestamp": _timestamp(record.ended),
        **{names[name]: path for name, path in record.fields.items() if name in names},
        **(_moved(moved, record) if moved else {}),
    }


def _moved(moved: Moved, record: Record) -> dict[str, Any]:
    is_whole = record.kind == "CLOSE" and not record.error
    return {"bytes": moved.size, **({"etag": moved.etag} if is_whole else {})}


def _timestamp(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
