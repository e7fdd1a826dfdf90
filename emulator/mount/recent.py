"""Answers of S3 that serve once more: a name is listed and looked up, looked up and opened.

What is there may be remembered for a moment, what is not there never: a story shows at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Lock

from emulator.files.listing import Entry

LISTED_SECONDS = 3.0
LOOKED_UP_SECONDS = 0.5
LIMIT = 4096  # entries; a page of S3's listing has a thousand


class Recent:
    """What a session knows of its paths; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Entry]] = {}
        self._lock = Lock()

    def put(self, path: str, entry: Entry, seconds: float) -> None:
        """Remember for so long what is at a path; of too many the oldest is forgotten."""
        with self._lock:
            self._known[path] = (self._clock() + seconds, entry)
            if len(self._known) > LIMIT:
                del self._known[next(iter(self._known))]

    def put_all(self, folder: str, entries: Iterable[Entry], seconds: float) -> None:
        """Remember what lies in a folder."""
        inside = folder.rstrip("/")
        for entry in entries:
            self.put(f"{inside}/{entry.name}", entry, seconds)

    def take(self, path: str) -> Entry | None:
        """Give what is known of a path, once."""
        with self._lock:
            until, entry = self._known.pop(path, (0.0, None))
        return entry if self._clock() < until else None

    def forget(self, path: str) -> None:
        """The session changed something there."""
        self.take(path)
