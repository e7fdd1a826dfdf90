"""The environment's child processes: start, wait until ready, notice a death, stop.

Each child has its own process group, so that what it starts ends with it, and its output goes to a
file of its own. A child never sees the caller's AWS settings or proxies.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from quillgate import reaper, signals
from quillgate.errors import StartError
from quillgate.waiting import wait_until

_TAIL_LINES = 8


class Child:
    """One running process. `name` is what people call the part, such as `AWS engine`."""

    def __init__(
        self, name: str, command: list[str], environ: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  # the command is our own
                command,
                env=_clean(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
            )

    @property
    def group(self) -> int:
        """Its process group, which is its process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise StartError, with the last lines of its output, if it has ended."""
        code = self._process.poll()
        if code is not None:
            how = f"exit code {code}" if code >= 0 else f"killed by signal {-code}"
            raise StartError(f"{self.name} ended", how, f"its last lines:\n{self._tail()}")

    def stop(self, timeout_seconds: float) -> bool:
        """SIGTERM, and SIGKILL to the whole group when it takes longer than that.

        True if it ended by itself, having saved what it keeps.
        """
        was_running = self._process.poll() is None
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_seconds)
        ended = was_running and self._process.poll() is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGKILL)
        self._process.wait()
        return ended

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join(f"  {line}" for line in lines) or "  (none)"


class Children:
    """All children of one `up`, and the reaper that ends them should `up` be killed."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._reaper = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-S", reaper.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def start(self, name: str, command: list[str], environ: Mapping[str, str], log: Path) -> Child:
        """Start a child; `environ` is what it needs beyond PATH, HOME and the like."""
        with signals.held_back():
            child = Child(name, command, environ, log)
            self._children.append(child)
            self._tell_reaper(f"{child.group}\n")
        return child

    def check(self) -> None:
        """Raise StartError if one has ended."""
        for child in self._children:
            child.check()

    def wait_until(self, what: str, ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Wait for `ready`; raise StartError when a child ends or the time is over."""
        logs = self._children[0].log.parent if self._children else Path()

        def ready_or_ended() -> bool:
            is_ready = ready()
            if not is_ready:
                self.check()
            return is_ready

        wait_until(what, ready_or_ended, timeout_seconds, f"see the logs in {logs}")

    def stop(self, timeout_seconds: float = 10.0) -> list[str]:
        """Stop all, last to first, and the reaper. Gives the names of those that ended in order."""
        in_order = [each.name for each in reversed(self._children) if each.stop(timeout_seconds)]
        self._children.clear()
        self._tell_reaper("done\n")
        with contextlib.suppress(BrokenPipeError):
            self._reaper.communicate()
        return in_order

    def _tell_reaper(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            assert self._reaper.stdin is not None  # noqa: S101  # it was started with a pipe
            self._reaper.stdin.write(line)
            self._reaper.stdin.flush()


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment less what would lead a child to another AWS or through a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "QUILL_", "PYTHON")) and not name.lower().endswith("_proxy")
    }
    private = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, "PYTHONUNBUFFERED": "1", "NO_PROXY": "*", **private, **environ}
