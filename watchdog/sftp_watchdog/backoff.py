"""How long a message that failed stays hidden on the queue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """`base_seconds`, doubled at each receive, up to `max_seconds`."""

    base_seconds: int
    max_seconds: int

    def delay(self, receives: int, asked: int | None = None) -> int:
        """Seconds to wait after the n-th receive (from 1); `asked` (Retry-After) can lengthen it.

        The cap holds for both: whoever asks for more is asked again at `max_seconds`.
        """
        # Twenty doublings exceed any cap; a receive count without bound would make a giant number.
        doubled = self.base_seconds << min(max(receives, 1) - 1, 20)
        return min(max(doubled, asked or 0), self.max_seconds)
