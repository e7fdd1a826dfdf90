"""What a session does, told as it happens: one `Record` for each thing done, refused or broken off.

What becomes of records is the sink's business. It must return at once: records are made on the way
of the data.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from emulator.files.errors import FileError, PermissionDenied

# User guide, cw-structure-logs; KEX_FAILURE is in cw-example-logs only. Those we never have reason
# to tell are missing: CREATE_SYMLINK, EXIT_REASON, TLS_RESUME_FAILURE. ERROR is a failed operation
# of another kind, or one that has none.
Kind = Literal[
    "AUTH_FAILURE",
    "KEX_FAILURE",
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


@dataclass(frozen=True)
class Moved:
    """A file's bytes on their way: how many so far, since when (nanoseconds since the epoch).

    `etag`, without quotes, is that of the object stored or read, when there is one. `is_whole` is
    False for a download of fewer bytes than the file has.
    """

    direction: Literal["Upload", "Download"]
    since: int
    size: int = 0
    etag: str = ""
    is_whole: bool = True


@dataclass(frozen=True)
class Record:
    """One thing a session did or, when there is an `error`, failed to do.

    `fields` are those of Transfer's log line (`path`, `new-path`, `mode`, ...); paths are
    `/bucket/key`. `started` and `ended` are nanoseconds since the epoch; a file that was moved has
    begun earlier, at its OPEN.
    """

    kind: Kind
    server_arn: str
    session_id: str
    user: str
    client_ip: str
    started: int
    ended: int
    fields: Mapping[str, str]
    moved: Moved | None = None
    error: str = ""


Sink = Callable[[Record], None]
WhatMoved = Callable[[], Moved | None]


@dataclass(frozen=True)
class Activity:
    """Make the records of one session; `session_id` is 16 hex digits, `user` empty before login."""

    server_arn: str
    session_id: str
    sink: Sink
    user: str = ""
    client_ip: str = ""

    def record(self, kind: Kind, **fields: str) -> None:
        """Tell of something that takes no time; `new_path="x"` becomes the field `new-path`."""
        self._tell(kind, time.time_ns(), fields)

    @contextmanager
    def doing(self, kind: Kind, moved: WhatMoved | None = None, **fields: str) -> Iterator[None]:
        """Tell of an operation when it is over, well or not; `moved` is asked only then."""
        started = time.time_ns()
        try:
            yield
        except Exception as error:
            self._tell(kind, started, fields, moved, _reason(error))
            raise
        self._tell(kind, started, fields, moved)

    def _tell(
        self,
        kind: Kind,
        started: int,
        fields: Mapping[str, str],
        moved: WhatMoved | None = None,
        error: str = "",
    ) -> None:
        self.sink(
            Record(
                kind,
                self.server_arn,
                self.session_id,
                self.user,
                self.client_ip,
                started,
                time.time_ns(),
                {name.replace("_", "-"): value for name, value in fields.items()},
                moved() if moved else None,
                error,
            )
        )


def _reason(error: Exception) -> str:
    """What the client is told, but for a refusal by IAM (its log's words: 2023 guide)."""
    if isinstance(error, PermissionDenied):
        return "Access denied"
    return str(error) if isinstance(error, FileError) else "Failure"
