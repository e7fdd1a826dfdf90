"""A place in a file where somebody reads on: a worker fetches ahead, the reader takes it there.

Memory is bounded by `AHEAD` and `BEHIND`. What has to be asked for anew is asked for in ranges that
grow while reading goes on, so that a jump costs little and a long run few requests.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from threading import Condition
from typing import TYPE_CHECKING

from emulator.files.errors import FileError, s3_errors
from emulator.files.window import Window

if TYPE_CHECKING:
    from botocore.response import StreamingBody

MIB = 1024 * 1024
BLOCK = MIB
AHEAD = 6 * MIB
BEHIND = 2 * MIB  # clients pipeline reads and may ask again for what they skipped
RANGES = (MIB, 256 * MIB)
ATTEMPTS = 3

Fetch = Callable[[int, int], "StreamingBody"]


class Cursor:
    """Reads from `start` on. `fetch(start, end)` asks S3; `body`, if given, holds all to `size`."""

    def __init__(
        self,
        fetch: Fetch,
        workers: Executor,
        start: int,
        size: int,
        body: StreamingBody | None = None,
    ) -> None:
        self._fetch, self._workers, self._size = fetch, workers, size
        self._body, self._body_end = body, size
        self._range = RANGES[0]
        self._changed = Condition()
        self._window = Window(start)
        # Nothing is fetched before somebody reads: a client may open many files at once.
        self._goal = start
        self._is_filling = self._is_closed = False
        self._failure: FileError | None = None

    def is_near(self, offset: int) -> bool:
        """Say whether reading on from here reaches `offset` soon."""
        return self._window.start <= offset <= self._window.end + AHEAD

    def holds(self, start: int, end: int) -> bool:
        """Say whether these bytes are here already."""
        return self._window.holds(start, end)

    def read(self, start: int, end: int) -> bytes:
        """Wait for these bytes, which must be near; raises what kept them from coming."""
        with self._changed:
            self._failure = None
            self._goal = end + AHEAD
            self._fill_more()
            while not self._window.holds(start, end):
                if self._failure:
                    raise self._failure
                self._changed.wait()
            data = self._window.cut(start, end)
            self._window.forget(end - BEHIND)
            return data

    def close(self) -> None:
        """Stop; the worker, if one is at it, lets the connection go."""
        with self._changed:
            self._is_closed = True
            self._window = Window(self._window.end)
            if not self._is_filling:
                self._leave_body()

    def _fill_more(self) -> None:
        if not self._is_filling and self._wants_more():
            self._is_filling = True
            self._workers.submit(self._fill)

    def _wants_more(self) -> bool:
        return not self._is_closed and self._window.end < min(self._goal, self._size)

    def _fill(self) -> None:
        """Run by a worker: never waits for the reader, so a few workers serve many files."""
        failures = 0
        while self._goes_on():
            try:
                block = self._next_block()
            except FileError as error:
                failures += 1
                self._leave_body()
                if failures == ATTEMPTS:
                    self._give_up(error)
                    return
            else:
                failures = 0
                self._append(block)

    def _goes_on(self) -> bool:
        with self._changed:
            self._is_filling = self._wants_more()
            if self._is_closed:
                self._leave_body()
            return self._is_filling

    def _next_block(self) -> bytes:
        if self._body is None:
            start = self._window.end
            self._body_end = min(start + self._range, self._size)
            self._body = self._fetch(start, self._body_end)
            self._range = min(2 * self._range, RANGES[1])
        with s3_errors():
            block = self._body.read(BLOCK)
        if not block:
            raise FileError("the download broke off - try again")
        return block

    def _append(self, block: bytes) -> None:
        with self._changed:
            self._window.append(block)
            if self._window.end >= self._body_end:
                self._leave_body()
            self._changed.notify_all()

    def _give_up(self, error: FileError) -> None:
        with self._changed:
            self._failure = error
            self._is_filling = False
            self._changed.notify_all()

    def _leave_body(self) -> None:
        body, self._body = self._body, None
        # What a broken connection says to its end is no news, and would end the worker unheard.
        with suppress(Exception):
            if body is not None:
                body.close()
