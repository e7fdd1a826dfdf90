"""Ends the environment's processes when `quillgate up` itself was killed.

Started by `up` with a pipe on standard input, on which it is told one process group a line. When
the pipe closes and `done` was not said, `up` is gone without having stopped its children: they get
SIGTERM, so that the engine can save its state, and SIGKILL if they are still there after that.

Standard library only: it starts at once and needs nothing of ours.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 3.0


def main() -> None:
    """Read process groups until the pipe closes, then end them."""
    groups: list[int] = []
    for line in sys.stdin:
        if line.strip() == "done":
            return
        groups.append(int(line))
    end(groups)


def end(groups: Iterable[int], grace_seconds: float = GRACE_SECONDS) -> None:
    """SIGTERM to every group, then SIGKILL to those that are left after the grace."""
    left = [group for group in groups if _signal(group, signal.SIGTERM)]
    deadline = time.monotonic() + grace_seconds
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [group for group in left if _signal(group, 0)]
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """True if there was a process to send it to."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    main()
