"""The SFTP server's log: what a session did to store, remove or fetch one object.

Lines are matched by path, size and time here, since engines ignore filter patterns. No page of AWS
names the streams of structured logs: the one that holds a line of the session is read for the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

# S3's time of a large object may be that of its beginning: hours before CLOSE.
_REACHES = (timedelta(minutes=2), timedelta(hours=6))
_LONGEST_SESSION = timedelta(days=1)
_MAX_PAGES = 50
# The line is written a moment after the story; clocks differ by less.
_SLACK = timedelta(seconds=5)


@dataclass(frozen=True)
class Line:
    """One line of the log; `fields` are Transfer's (user guide, cw-structure-logs)."""

    moment: datetime
    stream: str
    fields: Mapping[str, str]

    @property
    def kind(self) -> str:
        """Its activity type, such as OPEN."""
        return self.fields.get("activity-type", "")

    @property
    def path(self) -> str:
        """`/bucket/key` that it is about, if any; the old name of a RENAME."""
        return self.fields.get("path", "")

    @property
    def session(self) -> str:
        """The id of its session."""
        return self.fields.get("session-id", "")

    def stores(self, path: str) -> bool:
        """Whether the object at `path` was written by this."""
        if self.kind == "RENAME":
            return self.fields.get("new-path") == path
        is_close = self.kind in ("CLOSE", "PARTIAL_CLOSE")
        return is_close and self.path == path and "bytes-in" in self.fields

    def removes(self, path: str) -> bool:
        """Whether the object at `path` was taken away by this."""
        return self.kind in ("DELETE", "RENAME") and self.path == path

    def fetches(self, path: str) -> bool:
        """Whether this is the end of a download of `path`."""
        return self.kind == "CLOSE" and self.path == path and "bytes-out" in self.fields


@dataclass(frozen=True)
class SessionLog:
    """The log group of one server; a missing group is an empty one.

    `pages` bounds what one look reads: each has up to 10,000 lines or 1 MB.
    """

    logs: Any
    group: str
    pages: int = _MAX_PAGES

    def of_upload(self, path: str, moment: datetime, size: int) -> list[Line]:
        """What stored the object of that time: login, OPEN, CLOSE, RENAME; none if nothing did."""

        def distance(line: Line) -> tuple[bool, timedelta]:
            other_size = line.fields.get("bytes-in", str(size)) != str(size)
            return other_size, abs(line.moment - moment)

        stored = self._near(moment, lambda line: line.stores(path), distance)
        return self._leading_to(stored) if stored else []

    def of_removal(self, path: str, moment: datetime) -> list[Line]:
        """What took the object away at that time: login, and DELETE or RENAME."""
        gone = self._near(
            moment, lambda line: line.removes(path), lambda line: abs(line.moment - moment)
        )
        return [*self._login(self._session(gone)), gone] if gone else []

    def of_download(self, path: str, after: datetime) -> list[Line]:
        """The first download after that time that came to its end: login, and CLOSE."""
        lines = self._between(after - _SLACK, None)
        fetched = next((line for line in lines if line.fetches(path)), None)
        return [*self._login(self._session(fetched)), fetched] if fetched else []

    def _near(
        self, moment: datetime, fits: Callable[[Line], bool], distance: Callable[[Line], Any]
    ) -> Line | None:
        for reach in _REACHES:
            lines = self._between(moment - reach, moment + reach)
            if near := min(filter(fits, lines), key=distance, default=None):
                return near
        return None

    def _leading_to(self, stored: Line) -> list[Line]:
        """The login and, from the last OPEN for writing, what the session did with that name."""
        told = self._session(stored)
        own = [line for line in told if line.path == stored.path]
        opened = [n for n, line in enumerate(own) if _opens_for_writing(line)]
        return [*self._login(told), *own[opened[-1] if opened else -1 :]]

    def _session(self, line: Line) -> list[Line]:
        """What the session of `line` did until then, oldest first."""
        lines = self._between(line.moment - _LONGEST_SESSION, line.moment, line.stream)
        own = [each for each in lines if each.session == line.session]
        return sorted(own, key=lambda each: each.moment)

    def _login(self, told: list[Line]) -> list[Line]:
        return [line for line in told if line.kind == "CONNECTED"][-1:]

    def _between(self, begin: datetime, end: datetime | None, stream: str = "") -> Iterator[Line]:
        request = {
            "logGroupName": self.group,
            "startTime": _milliseconds(begin),
            **({"endTime": _milliseconds(end)} if end else {}),
            **({"logStreamNames": [stream]} if stream else {}),
        }
        pages = self.logs.get_paginator("filter_log_events").paginate(**request)
        try:
            for page in islice(pages, self.pages):
                yield from filter(None, map(_line, page["events"]))
        except self.logs.exceptions.ResourceNotFoundException:
            return


def _opens_for_writing(line: Line) -> bool:
    return line.kind == "OPEN" and line.fields.get("mode") != "READ"


def _line(event: Mapping[str, Any]) -> Line | None:
    """The line as Transfer writes it; None for another's."""
    try:
        fields = json.loads(event["message"])
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return Line(moment, event.get("logStreamName", ""), fields)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
