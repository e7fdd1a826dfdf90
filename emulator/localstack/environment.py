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
from emulator.localstack.runtime_api import Answered, Event, Exited, Ready
from emulator.localstack.words import Report, init_line, log_text, verdict


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
        try:
            with self._busy:
                if self._runtime.ended:
                    self._replace_runtime()
                return self._outcome(invocation)
        finally:
            self._end_if_stopped()

    def stop(self) -> None:
        """Take no more invocations: one that runs comes to its end first, as with Lambda."""
        self._stopped = True
        self._end_if_stopped()

    def _new_runtime(self) -> Runtime:
        self._started: float | None = time.monotonic()
        return Runtime(self._function, self._folder, self._host)

    def _replace_runtime(self) -> None:
        self._runtime.close()
        self._runtime = self._new_runtime()

    def _outcome(self, invocation: Invocation) -> Outcome:
        loading, event = self._loaded()
        before = self._runtime.take_output()
        duration, event = self._handled(invocation) if isinstance(event, Ready) else (0.0, event)
        peak = self._runtime.peak_memory()
        if not isinstance(event, Answered):
            self._runtime.kill()
        end = verdict(event, invocation.request_id, self._function.timeout)
        log = log_text(
            init_line(self._host.version) if loading is not None else "",
            before,
            f"START RequestId: {invocation.request_id} Version: {self._function.version}",
            self._runtime.take_output(),
            end.line,
            f"END RequestId: {invocation.request_id}",
            Report(duration, loading, self._function.memory, peak, end.status).line(
                invocation.request_id
            ),
        )
        return Outcome(end.payload, end.is_error, log)

    def _loaded(self) -> tuple[float | None, Event | None]:
        """Seconds that a new process took to load the handler, and what came of it."""
        started, self._started = self._started, None
        event = self._runtime.next_event(self._host.init_seconds + self._function.timeout)
        if isinstance(event, Exited) and started is None:
            # It ended after its last answer, which is no fault of this invocation.
            self._replace_runtime()
            return self._loaded()
        return (time.monotonic() - started if started else None), event

    def _handled(self, invocation: Invocation) -> tuple[float, Event | None]:
        """Seconds that the handler took, and what came of it."""
        begun = time.monotonic()
        self._runtime.give(invocation, self._function.timeout)
        event = self._runtime.next_event(self._function.timeout)
        return time.monotonic() - begun, event

    def _end_if_stopped(self) -> None:
        if self._stopped and self._busy.acquire(blocking=False):
            try:
                self._runtime.close()
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
