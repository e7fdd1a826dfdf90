"""How many calls Quill answers at once: what the stack promises to keep low."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Load:
    """Used on the server's event loop alone. A call whose caller has gone counts to its end."""

    def __init__(self) -> None:
        self.now = 0
        self.peak = 0

    @contextmanager
    def call(self) -> Iterator[None]:
        """One more, until the context ends."""
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            yield
        finally:
            self.now -= 1

    def forget(self) -> None:
        """The peak is what it is now."""
        self.peak = self.now
