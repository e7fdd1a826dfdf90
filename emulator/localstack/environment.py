"""An execution environment: a function's code in a folder of its own, and a process that runs it.

As with Lambda, it has one invocation at a time, keeps its process from one to the next, and gets a
new one after a timeout, a crash or an error on the way to the handler.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from emulator.localstack.function import Function, Invocation, Outcome
from emulator.localstack.runtime import Host, Runtime
from emulator.localstack.runtime_api import Answered, Event, Ready
from emulator.localstack.words import Report, init_line, verdict

# What Lambda gives a function to load its handler, beside the function's own timeout.
INIT_SECONDS = 10


class ExecutionEnvironment:
    """Start it, `invoke` it as often as you like, `stop` it; safe from several threads."""

    def __init__(self, function: Function, host: Host) -> None:
        self._function = function
        self._host = host
        self._busy = threading.Lock()
        self._stopped = False
        self._folder = _own_copy(function.code)
        try:
            self._runtime = self._new_runtime()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run the handler once; never raises for what the function does."""
        with self._busy:
            if self._runtime.ended:
                self._runtime = self._new_runtime()
            outcome = self._outcome(invocation)
        self._end_if_stopped()
        return outcome

    def stop(self) -> None:
        """Take no more invocations: one that runs comes to its end first, as with Lambda."""
        self._stopped = True
        self._end_if_stopped()

    def _new_runtime(self) -> Runtime:
        self._started: float | None = time.monotonic()
        return Runtime(self._function, self._folder, self._host)

    def _outcome(self, invocation: Invocation) -> Outcome:
        loading, event = self._loaded()
        before = self._runtime.take_output()
        begun = time.monotonic()
        if isinstance(event, Ready):
            self._runtime.give(invocation, self._function.timeout)
            event = self._runtime.next_event(self._function.timeout)
        duration = time.monotonic() - begun
        peak = self._runtime.peak_memory()
        if not isinstance(event, Answered):
            self._runtime.kill()
        ended = verdict(event, invocation.request_id, self._function.timeout)
        report = Report(duration, loading, self._function.memory, peak, ended.status)
        log = (
            init_line(self._host.version) if loading is not None else "",
            before,
            f"START RequestId: {invocation.request_id} Version: {self._function.version}",
            self._runtime.take_output(),
            ended.line,
            f"END RequestId: {invocation.request_id}",
            report.line(invocation.request_id),
        )
        return Outcome(ended.payload, ended.is_error, "\n".join(x.strip("\n") for x in log if x))

    def _loaded(self) -> tuple[float | None, Event | None]:
        """Seconds that a new process took to load the handler, and what came of it."""
        started, self._started = self._started, None
        event = self._runtime.next_event(INIT_SECONDS + self._function.timeout)
        return (time.monotonic() - started if started else None), event

    def _end_if_stopped(self) -> None:
        if self._stopped and self._busy.acquire(blocking=False):
            try:
                self._runtime.kill()
                shutil.rmtree(self._folder, ignore_errors=True)
            finally:
                self._busy.release()


def _own_copy(code: Path) -> Path:
    """A folder with `code` in it that stays when the function is updated; takes no space."""
    folder = Path(tempfile.mkdtemp(prefix="lambda-environment-"))
    shutil.copytree(code, folder, copy_function=os.link, dirs_exist_ok=True)
    # The function's user is another than the one who unpacked it.
    folder.chmod(0o755)
    return folder
