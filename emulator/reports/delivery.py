"""Records on their way out: a bounded queue and one thread, so that no file operation waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import Self

from emulator.files.activity import Record
from emulator.reports.losses import Losses

log = logging.getLogger(__name__)

CAPACITY = 20_000  # records; some 20 MB when full
LINGER_SECONDS = 0.1  # what happens meanwhile leaves in the same request
FLUSH_SECONDS = 1.5  # at the end: uploads may have 8 s before, `quillgate` kills after 10

Deliver = Callable[[Sequence[Record]], None]


class Delivery:
    """As a context: records given by `put` reach all `targets`; at its end the rest is flushed.

    A target gets records in order of time, says itself what it could not deliver, and may take its
    time: when more than `capacity` wait, new ones are lost.
    """

    def __init__(
        self,
        targets: Sequence[Deliver],
        losses: Losses,
        *,
        capacity: int = CAPACITY,
        linger_seconds: float = LINGER_SECONDS,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self._targets = targets
        self._losses = losses
        self._capacity = capacity
        self._linger_seconds = linger_seconds
        self._flush_seconds = flush_seconds
        self._changed = Condition()
        self._waiting: list[Record] = []
        self._is_closed = False
        # A daemon: a request that hangs must not keep the process from ending.
        self._thread = Thread(target=self._run, name="reports", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(self._flush_seconds)
        with self._changed:
            left, self._waiting = len(self._waiting), []
        if left or self._thread.is_alive():
            self._losses.add("flush", left, f"not done after {self._flush_seconds} s")
        if self._losses.count:
            log.warning("reports lost in all: '%d'", self._losses.count)

    def put(self, record: Record) -> None:
        """Take a record; returns at once."""
        with self._changed:
            has_room = len(self._waiting) < self._capacity and not self._is_closed
            if has_room:
                self._waiting.append(record)
                self._changed.notify()
        if has_room:
            self._losses.over("queue")
        else:
            self._losses.add("queue", 1, f"more than {self._capacity} wait, or the service stops")

    def _run(self) -> None:
        while records := self._next():
            for deliver in self._targets:
                try:
                    deliver(records)
                except Exception as error:
                    self._losses.add(repr(deliver), len(records), repr(error))

    def _next(self) -> Sequence[Record]:
        """Wait for records; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            self._changed.wait_for(lambda: self._is_closed, self._linger_seconds)
            taken, self._waiting = self._waiting, []
        return sorted(taken, key=lambda record: record.ended)
