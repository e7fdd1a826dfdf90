"""Lambda's words: the errors of what did not answer, and the lines around a function's output.

The lines are as in CloudWatch: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-logs.html.
`Sandbox.Timedout` and `Runtime.ExitError` are what Lambda's own runtime interface emulator says.
"""

from __future__ import annotations

import json
import math
import signal
from dataclasses import dataclass

from emulator.localstack.runtime_api import Answered, Event, Exited, InitFailed


@dataclass(frozen=True)
class Verdict:
    """How an invocation ended: the answer or error, a line for the log, the report's status."""

    payload: bytes
    is_error: bool
    line: str = ""
    status: str = ""


def verdict(event: Event | None, request_id: str, timeout: float) -> Verdict:
    """What Lambda makes of `event`; None: nothing came within `timeout` seconds."""
    match event:
        case Answered(payload, is_error):
            return Verdict(payload, is_error)
        case InitFailed(payload):
            return Verdict(payload, True, status="error")
        case Exited(status):
            why = f"Runtime exited {_reason(status)}"
            return _failed("Runtime.ExitError", request_id, why, status="error")
        case _:
            why = f"Task timed out after {timeout:.2f} seconds"
            return _failed("Sandbox.Timedout", request_id, why, status="timeout")


def _failed(kind: str, request_id: str, why: str, status: str) -> Verdict:
    message = f"RequestId: {request_id} Error: {why}"
    payload = json.dumps({"errorType": kind, "errorMessage": message}).encode()
    return Verdict(payload, True, line=message, status=status)


def _reason(status: int) -> str:
    if status == 0:
        return "without providing a reason"
    if status < 0:
        return f"with error: signal: {(signal.strsignal(-status) or str(-status)).lower()}"
    return f"with error: exit status {status}"


def init_line(version: str) -> str:
    """The line before a new process's first."""
    return f"INIT_START Runtime Version: python:{version}, this image's, whatever Runtime says"


def log_text(*parts: str) -> str:
    """The parts that are there, each on lines of its own."""
    return "\n".join(part.strip("\n") for part in parts if part)


@dataclass(frozen=True)
class Report:
    """Figures of one invocation: seconds and MB.

    `init` is None for all but a process's first, `peak` where the process was gone too soon.
    """

    duration: float
    init: float | None
    memory: int
    peak: int | None
    status: str

    def line(self, request_id: str) -> str:
        """The REPORT line."""
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {self.duration * 1000:.2f} ms",
            f"Billed Duration: {math.ceil(self.duration * 1000)} ms",
            f"Memory Size: {self.memory} MB",
        ]
        if self.peak is not None:
            parts.append(f"Max Memory Used: {self.peak} MB")
        if self.init is not None:
            parts.append(f"Init Duration: {self.init * 1000:.2f} ms")
        if self.status:
            parts.append(f"Status: {self.status}")
        return "\t".join(parts)
