"""One process that runs a function's handler, under AWS's own runtime client."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from queue import Empty

from emulator.localstack.function import Function, Invocation
from emulator.localstack.runtime_api import Event, Exited, RuntimeApi

# More of one invocation's output than this, in bytes, is left out of the log.
LARGEST_LOG = 4 * 1024 * 1024
PEAK = re.compile(r"VmHWM:\s*(\d+) kB")


@dataclass(frozen=True)
class Host:
    """What runs the functions: a Python that has awslambdaric, and a user (None: this one).

    `init_seconds` is what Lambda gives a function to load, beside its own timeout.
    """

    python: str
    version: str
    user: str | None = None
    init_seconds: float = 10


class Runtime:
    """A process with the handler in it; it takes one invocation after the other until it ends."""

    def __init__(self, function: Function, folder: Path, host: Host) -> None:
        self._api = RuntimeApi()
        self._output = _log_file()
        # Held by who reaps the process, and by who needs its id to be its own.
        self._reaping = threading.Lock()
        self._gone = threading.Event()
        try:
            self._process = self._started(function, folder, host)
        except BaseException:
            self._output.close()
            self._api.close()
            raise
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def ended(self) -> bool:
        """The process takes no more invocations."""
        return self._gone.is_set()

    def give(self, invocation: Invocation, seconds: float) -> None:
        """Hand over the next invocation, to be answered within `seconds`."""
        self._api.give(invocation, seconds)

    def next_event(self, seconds: float) -> Event | None:
        """Wait for what the process does next; None after `seconds` of nothing."""
        try:
            return self._api.events.get(timeout=seconds)
        except Empty:
            return None

    def kill(self) -> None:
        """End the process and all it started; returns when they are gone."""
        with self._reaping:
            if self._process.returncode is None:
                os.kill(self._process.pid, signal.SIGKILL)
        self._gone.wait()

    def close(self) -> None:
        """End the process, and forget its output."""
        self.kill()
        self._output.close()

    def take_output(self) -> str:
        """What was written to stdout and stderr since the last call."""
        written = os.fstat(self._output.fileno()).st_size
        kept = os.pread(self._output.fileno(), min(written, LARGEST_LOG), 0)
        self._output.truncate(0)
        left_out = f"\n{written - LARGEST_LOG} more bytes left out" if written > LARGEST_LOG else ""
        return kept.decode(errors="replace") + left_out

    def peak_memory(self) -> int | None:
        """The most memory the process has held, in MB; None once it has ended."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return None
        peak = PEAK.search(status)
        return int(peak[1]) // 1024 if peak else None

    def _started(self, function: Function, folder: Path, host: Host) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **function.environment,
            "LAMBDA_TASK_ROOT": str(folder),
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
        }
        return subprocess.Popen(  # noqa: S603
            [host.python, "-m", "awslambdaric", function.handler],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
            user=host.user,
            group=host.user,
            extra_groups=[] if host.user else None,
        )

    def _watch(self) -> None:
        """Wait for the process to end; what it started goes with it."""
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        with self._reaping:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            status = self._process.wait()
        self._api.events.put(Exited(status))
        self._gone.set()
        self._api.close()


def _log_file() -> FileIO:
    """Not a pipe: whatever was written before an answer is in the file when the answer comes."""
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    # The process writes at the end of what is left after `take_output`.
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
    return file
