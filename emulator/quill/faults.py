"""Faults on order: what Quill is to do wrong, how often, and how often it did."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from emulator.quill.contract import PROJECT_PATTERN

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_FRAMING = {"connection", "content-length", "transfer-encoding"}


class FaultOrder(BaseModel):
    """One order, to be met `times` times: a status, a delay in milliseconds, a dropped connection.

    A delay alone is followed by the ordinary answer; with `status` or `drop_connection` it comes
    first. `project` limits the order to calls for that project.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    status: int | None = Field(default=None, ge=200, le=599)
    times: int = Field(default=1, ge=1)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: JsonValue = None
    delay_ms: int | None = Field(default=None, ge=0, le=600_000)
    drop_connection: bool = False
    project: str | None = Field(default=None, pattern=PROJECT_PATTERN)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.status is None and self.delay_ms is None and not self.drop_connection:
            raise ValueError("give at least one of status, delay_ms, drop_connection")
        if self.status is not None and self.drop_connection:
            raise ValueError("a dropped connection has no status - give one of the two")
        if self.status is None and (self.headers or self.body is not None):
            raise ValueError("headers and body belong to an answer - give status too")
        for name, value in self.headers.items():
            _check_header(name, value)
        return self

    @property
    def refuses(self) -> bool:
        """Whether the call gets no ordinary answer."""
        return self.status is not None or self.drop_connection

    @property
    def words(self) -> str:
        """The text of the answer, JSON unless the order gave a string."""
        if isinstance(self.body, str):
            return self.body
        message: JsonValue = {"message": f"ordered fault: '{self.status}' - try again later"}
        return json.dumps(message if self.body is None else self.body)

    @property
    def media_type(self) -> str:
        """What `words` is, unless the order's headers say otherwise."""
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"


def _check_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
        raise ValueError(f"not a header: {name!r} - use printable ASCII")
    if name.lower() in _FRAMING:
        raise ValueError(f"header decides where the answer ends: {name!r} - leave it out")


@dataclass
class _Entry:
    order: FaultOrder
    fired: int = 0

    def view(self) -> dict[str, Any]:
        return {
            **self.order.model_dump(exclude_unset=True),
            "times": self.order.times,
            "ordered": self.order.times,
            "fired": self.fired,
        }


class Faults:
    """The orders, oldest first. They live in memory: a restarted Quill works as it should."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []

    def order(self, order: FaultOrder) -> dict[str, Any]:
        """Take one more order; returns it as `items` shows it."""
        entry = _Entry(order)
        with self._lock:
            self._entries.append(entry)
        return entry.view()

    def fire(self, project: str) -> FaultOrder | None:
        """The oldest order for this project that is not used up, counted as fired; else None."""
        with self._lock:
            for entry in self._entries:
                if entry.fired < entry.order.times and entry.order.project in (None, project):
                    entry.fired += 1
                    return entry.order
        return None

    def items(self) -> list[dict[str, Any]]:
        """Every order as given, with `ordered` and `fired` (counts)."""
        with self._lock:
            return [entry.view() for entry in self._entries]

    def clear(self) -> None:
        """Forget all orders, used up or not."""
        with self._lock:
            self._entries.clear()
