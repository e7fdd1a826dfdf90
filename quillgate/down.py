"""Stops an environment from another shell."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from quillgate.errors import TargetError
from quillgate.state import running_pid

_TIMEOUT_SECONDS = 60.0


def stop_environment(state: Path) -> int | None:
    """Ask the `up` that holds `state` to stop and wait until it has; its pid, None if none ran."""
    pid = running_pid(state)
    if pid is None:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while running_pid(state) == pid:
        if time.monotonic() > deadline:
            raise TargetError("did not stop", str(pid), f"look at {state}/logs, or kill it")
        time.sleep(0.1)
    return pid
