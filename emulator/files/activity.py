"""What a session did, as Transfer's structured log lines.

Field names are those of the user guide's page on CloudWatch log structure (cw-structure-logs);
numbers are strings there, so they are strings here. Paths are `/bucket/key`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Sink = Callable[[Mapping[str, str]], None]
ActivityType = Literal[
    "AUTH_FAILURE",
    "CONNECTED",
    "DISCONNECTED",
    "OPEN",
    "CLOSE",
    "PARTIAL_CLOSE",
    "DELETE",
    "RENAME",
    "MKDIR",
    "RMDIR",
    "SETSTAT",
    "ERROR",
]

log = logging.getLogger("emulator.activity")


def log_line(event: Mapping[str, str]) -> None:
    """Write the event to the process log, one JSON line."""
    log.info(json.dumps(event, ensure_ascii=False))


@dataclass(frozen=True)
class Activity:
    """Record events of one session; `session_id` is 16 hex digits."""

    server_arn: str
    session_id: str
    sink: Sink = log_line

    def record(self, kind: ActivityType, **fields: str | int) -> None:
        """Hand one event to the sink; `bytes_in=3` becomes `"bytes-in": "3"`."""
        event = {name.replace("_", "-"): str(value) for name, value in fields.items()}
        self.sink(
            {
                "activity-type": kind,
                "resource-arn": self.server_arn,
                "session-id": self.session_id,
                **event,
            }
        )
