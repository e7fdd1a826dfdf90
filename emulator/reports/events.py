"""A record as the event Transfer sends to EventBridge, if it sends one.

Names and fields: user guide, events-detail-reference. Chosen, for it does not say: an operation
that fails, at OPEN too, is `UNKNOWN_ERROR` with what the client was told; a file left open by a cut
connection is partial even if nothing was missing, a download closed before its end is too; only
completed files have an `etag`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emulator.files.activity import Record

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
_COMPLETED = {"status-code": "COMPLETED"}


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
        "Detail": json.dumps(
            outcome | _detail(record) | _moved(record, outcome), ensure_ascii=False
        ),
    }


def _what(record: Record) -> str | None:
    if record.moved is None:
        return _CHANGES.get(record.kind)
    has_ended = record.kind != "OPEN" or record.error
    return f"File {record.moved.direction}" if has_ended else None


def _outcome(record: Record) -> dict[str, str]:
    if record.error:
        return _failed("UNKNOWN_ERROR", record.error)
    moved = record.moved
    if moved and (record.kind == "PARTIAL_CLOSE" or not moved.is_whole):
        word = moved.direction.lower()
        return _failed(f"PARTIAL_{word.upper()}", f"File was partially {word}ed.")
    return _COMPLETED


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
    }


def _moved(record: Record, outcome: Mapping[str, str]) -> dict[str, Any]:
    if record.moved is None:
        return {}
    has_etag = outcome == _COMPLETED and record.moved.etag
    return {"bytes": record.moved.size, **({"etag": record.moved.etag} if has_etag else {})}


def _timestamp(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
