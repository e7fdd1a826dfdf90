"""Waiting for what takes a while, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable

from quillgate.errors import StartError

_POLL_SECONDS = 0.05


def wait_until(what: str, ready: Callable[[], bool], timeout_seconds: float, advice: str) -> None:
    """Return when `ready` says so; raise StartError with the advice when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    while not ready():
        if time.monotonic() > deadline:
            raise StartError(f"not ready after {timeout_seconds:.0f} s", what, advice)
        time.sleep(_POLL_SECONDS)
