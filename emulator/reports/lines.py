"""A record as Transfer's structured log line, and the log stream it belongs to.

Field names are those of the user guide's pages cw-structure-logs and cw-example-logs; numbers are
strings there, so they are strings here. What no page shows is chosen: `new-path` of RENAME, the
fields of DELETE, MKDIR, RMDIR, SETSTAT and AUTH_FAILURE.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from emulator.files.activity import Record

# The guide shows KEX_FAILURE from the log stream ERRORS, without a session id; that failed logins
# are found there too is chosen.
NO_SESSION = ("KEX_FAILURE", "AUTH_FAILURE")
ERRORS = "ERRORS"


def line(record: Record) -> str:
    """One line of JSON, as CloudWatch Logs gets it."""
    text = json.dumps(_fields(record), ensure_ascii=False)
    if text.isprintable():
        return text
    # File names may hold what ends a line elsewhere (U+2028) or moves a terminal's cursor (U+009B).
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def stream(record: Record) -> str:
    """`ERRORS`, or the session's own: `user.session-id`.

    No page names the streams of structured logs; this is how lines of the older kind begin.
    """
    return ERRORS if record.kind in NO_SESSION else f"{record.user}.{record.session_id}"


def _fields(record: Record) -> Mapping[str, str]:
    fields = {"activity-type": record.kind, "resource-arn": record.server_arn, **record.fields}
    if record.kind not in NO_SESSION:
        fields["session-id"] = record.session_id
    if record.moved and record.kind != "OPEN":
        name = "bytes-in" if record.moved.direction == "Upload" else "bytes-out"
        fields[name] = str(record.moved.size)
    if record.error:
        operation = record.kind.removeprefix("PARTIAL_")
        fields |= {"activity-type": "ERROR", "operation": operation, "message": record.error}
    return fields
