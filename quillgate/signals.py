"""Signals end the command as its own end would: what it has started is stopped.

SIGHUP, a terminal that was closed, counts as SIGTERM and SIGINT do.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Held:
    """Whether signals are held back, and the one that came meanwhile."""

    now = False
    came: int | None = None


def end_on_signals(status: Callable[[int], int]) -> None:
    """From now on one of them ends the process with `status(number)`; a second one is ignored."""

    def handle(number: int, _: object) -> None:
        if _Held.now:
            _Held.came = number
            return
        for each in _ENDING:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(status(number))

    for each in _ENDING:
        signal.signal(each, handle)


@contextmanager
def held_back() -> Iterator[None]:
    """What stands inside is done as a whole: a signal that comes meanwhile waits for its end."""
    _Held.now = True
    try:
        yield
    finally:
        _Held.now = False
        number, _Held.came = _Held.came, None
        if number is not None:
            signal.raise_signal(number)
