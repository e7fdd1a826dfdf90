"""What is read once and used for a minute: while somebody types, each pause asks for it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

_SECONDS = 60.0


class Kept(Generic[T]):
    """One value, of always the same source. Requests of several threads may share it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._found: tuple[float, T] | None = None

    def of(self, read: Callable[[], T], *, renew: bool = False) -> T:
        """The value as `read` gave it within the last minute; `renew` for that of now."""
        with self._lock:
            if renew or self._found is None or self._clock() >= self._found[0]:
                value = read()
                self._found = (self._clock() + _SECONDS, value)
            return self._found[1]
