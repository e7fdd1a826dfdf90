"""When a connection has been idle for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class IdleTimer:
    """Call `expire` once nothing was at work for `seconds`; work is what is done `with` this."""

    def __init__(self, seconds: float, expire: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._expire = expire
        self._at_work = 0
        self._rests_since = self._loop.time()
        self._next_look = self._loop.call_later(seconds, self._look)

    def __enter__(self) -> None:
        self._at_work += 1

    def __exit__(self, *_: object) -> None:
        self._at_work -= 1
        self._rests_since = self._loop.time()

    def cancel(self) -> None:
        """Never call."""
        self._next_look.cancel()

    def _look(self) -> None:
        rested = 0.0 if self._at_work else self._loop.time() - self._rests_since
        if rested >= self._seconds:
            self._expire()
        else:
            self._next_look = self._loop.call_later(self._seconds - rested, self._look)
