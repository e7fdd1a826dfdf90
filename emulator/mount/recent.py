"""What S3 said a moment ago: a name is listed and looked up, looked up and opened.

What is there is remembered that long, what is not there never: a story shows at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from emulator.files.listing import Entry, Page

SECONDS = 3.0  # until a client that lists a folder has come to a name of the page at hand
USED_SECONDS = 0.5  # from the first time it is used
LIMIT = 4096  # entries; a page of S3's listing has a thousand
UNKNOWN: tuple[float, Entry | None] = (0.0, None)


class Recent:
    """What a session knows of its paths; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Entry]] = {}
        self._lock = Lock()

    def put(self, path: str, entry: Entry, seconds: float = USED_SECONDS) -> None:
        """Remember what is at a path; of too many the oldest is forgotten."""
        with self._lock:
            self._known[path] = (self._clock() + seconds, entry)
            if len(self._known) > LIMIT:
                del self._known[next(iter(self._known))]

    def put_page(self, folder: str, page: Page) -> None:
        """Remember what lies in a folder."""
        inside = folder.rstrip("/")
        for entry in page:
            self.put(f"{inside}/{entry.name}", entry, SECONDS)

    def get(self, path: str) -> Entry | None:
        """Give what is known of a path."""
        with self._lock:
            until, entry = self._known.pop(path, UNKNOWN)
            now = self._clock()
            if entry is None or until < now:
                return None
            self._known[path] = (min(until, now + USED_SECONDS), entry)
            return entry

    def forget(self, path: str) -> None:
        """The session changes something there."""
        with self._lock:
            self._known.pop(path, None)
