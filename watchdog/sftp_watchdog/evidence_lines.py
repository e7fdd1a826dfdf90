"""Evidence from Transfer's log, for events that were lost: they are sent as best effort.

Lines have no ETag: which version they are about is told by size and time. Source of CLOSE and
PARTIAL_CLOSE: Transfer Family user guide, cw-structure-logs; that RENAME has `new-path` is shown
nowhere, and is what our emulator writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from . import shapes
from .errors import LogError
from .evidence import Evidence, located

if TYPE_CHECKING:
    from types_boto3_logs.client import CloudWatchLogsClient

Line = dict[str, Any]
# The bucket gives up what is sent in parts after 7 days: no upload takes longer.
_LONGEST = timedelta(days=7)


def evidence_since(
    logs: CloudWatchLogsClient, log_group: str, since: datetime
) -> Iterator[Evidence]:
    """What the server's lines since then say of uploads and renames, as they are read.

    `evidence.event` makes of each what `requeue.send` puts on the queue; again is harmless. Raises
    LogError when the lines cannot be read.
    """
    reading = _Reading(shapes.in_utc(since - _LONGEST))
    begin = int(since.timestamp() * 1000)
    try:
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=log_group, startTime=begin):
            for event in page["events"]:
                if found := reading.evidence(event["message"], event["timestamp"]):
                    yield found
    except (BotoCoreError, ClientError) as error:
        raise LogError(f"log cannot be read: {log_group!r}: {error} - let it be read") from error


@dataclass
class _Reading:
    """Goes through lines; remembers when the files were opened that are still open.

    What was opened before the first line was so at `earliest`.
    """

    earliest: str
    opened: dict[tuple[str, str], str] = field(default_factory=dict)

    def evidence(self, message: str, milliseconds: int) -> Evidence | None:
        """What a line says, if anything; other lines of the group are passed over."""
        try:
            return self._line(json.loads(message), _moment(milliseconds))
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
            return None

    def _line(self, line: Line, moment: str) -> Evidence | None:
        kind, file = line["activity-type"], (line["session-id"], line["path"])
        if kind == "OPEN":
            self.opened[file] = moment
        if kind == "RENAME":
            return _renamed(line, moment)
        if kind not in ("CLOSE", "PARTIAL_CLOSE"):
            return None
        started = self.opened.pop(file, self.earliest)
        # A download has `bytes-out`.
        if "bytes-in" not in line:
            return None
        bucket, key = located(line["path"])
        size = shapes.size(int(line["bytes-in"]))
        is_whole = kind == "CLOSE"
        return Evidence("complete" if is_whole else "partial", bucket, key, started, moment, size)


def _renamed(line: Line, moment: str) -> Evidence | None:
    bucket, key = located(line["new-path"])
    old_bucket, old = located(line["path"])
    if old_bucket != bucket:
        return None
    return Evidence("renamed", bucket, key, moment, moment, renamed_from=old)


def _moment(milliseconds: int) -> str:
    return shapes.in_utc(datetime.fromtimestamp(milliseconds / 1000, UTC))
