"""What is run, what it is asked, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Function:
    """One version of a Lambda function, unpacked: `timeout` in seconds, `memory` in MB."""

    version: str
    handler: str
    timeout: float
    memory: int
    environment: Mapping[str, str]
    code: Path


@dataclass(frozen=True)
class Invocation:
    """One event for the function; `payload` is its JSON."""

    request_id: str
    function_arn: str
    payload: bytes
    trace_id: str = ""


@dataclass(frozen=True)
class Outcome:
    """The function's answer or error, as JSON, and the lines for its log."""

    payload: bytes
    is_error: bool
    log: str
