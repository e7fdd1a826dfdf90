"""JSON lines on stderr, one per decision, ids first."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime

_LOGGER = logging.getLogger("quill")


def log(decision: str, **facts: object) -> None:
    """One line: the facts in the order given, ids first, then the decision. Never a token."""
    _LOGGER.info(decision, extra={"facts": facts})


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The facts, the decision, the level, when, and the traceback if there is one."""
        line = {
            **getattr(record, "facts", {}),
            "decision": record.getMessage(),
            "level": record.levelname,
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Calls cut off by a stop are counted by uvicorn already; their tracebacks say nothing more."""
    return not (record.exc_info and record.exc_info[0] is asyncio.CancelledError)


def log_to_stderr() -> None:
    """Everything of this process from here on, libraries' warnings included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(_worth_a_line)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _LOGGER.setLevel(logging.INFO)
