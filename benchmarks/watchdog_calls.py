"""What one upload costs on S3: calls, money, and time when each call takes as long as on AWS."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any, cast

from sftp_watchdog.errors import NoReceiptError
from sftp_watchdog.ledger import Ledger

from benchmarks.watchdog_rate import message
from tests.unit.watchdog_fakes import FakeBucket, FakeContext, FakeQuill, FakeS3, FakeSqs
from tests.unit.watchdog_on_fakes import watchdog_on

KEY = "acme/incoming/q3.csv"
# USD for one call: S3's list price in us-east-1 in November 2026 - check it.
PRICES = {"put_object": 0.005 / 1000, "get_object": 0.0004 / 1000, "head_object": 0.0004 / 1000}
LATENCY_SECONDS = 0.02


@dataclass
class Counted:
    """Counts the calls to `part` as they are made, each of which takes `latency` seconds."""

    part: object
    calls: list[str]
    latency: float

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.calls.append(name)
            time.sleep(self.latency)
            return getattr(self.part, name)(**request)

        return call


@dataclass
class Moody(FakeQuill):
    """Away while `away`; `before` are the calls to S3 that were made when it was told last."""

    calls: list[str]
    away: bool = False
    before: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, notification: Any) -> Any:
        """A receipt, or NoReceiptError."""
        self.before = len(self.calls)
        if self.away:
            raise NoReceiptError("Quill is away - told again later")
        return super().tell(notification)


class Bench:
    """A worker that is warm, and the calls it makes."""

    def __init__(self, latency: float = 0) -> None:
        self.calls: list[str] = []
        self.quill = Moody(self.calls)
        s3, bucket = (Counted(part, self.calls, latency) for part in (FakeS3(), FakeBucket()))
        ledger = Ledger(cast("Any", bucket), "ledger-1")
        self.watchdog = watchdog_on(s3, ledger, self.quill, FakeSqs(), io.StringIO())
        self.handle("acme/incoming/first.csv", "v0")

    def handle(self, key: str, version: str) -> Counter[str]:
        """The calls to S3 for one event."""
        self.calls.clear()
        with redirect_stdout(io.StringIO()):
            self.watchdog.handle({"Records": [message(key, version)]}, cast("Any", FakeContext()))
        return Counter(self.calls)


@dataclass(frozen=True)
class Calls:
    """How often S3 is called for one event of each kind, and before Quill hears of an upload."""

    by_kind: dict[str, dict[str, int]]
    before_quill: int

    def price(self, kind: str) -> float:
        """USD for 1,000 events of a kind; deletions are free."""
        return 1000 * sum(PRICES.get(name, 0) * n for name, n in self.by_kind[kind].items())


def calls() -> Calls:
    """Count them."""
    bench = Bench()
    kinds = {"accepted": bench.handle(KEY, "v1")}
    before = bench.quill.before
    kinds["told again by S3"] = bench.handle(KEY, "v1")
    kinds["its story"] = bench.handle("acme/outgoing/q3.csv.story.txt", "s1")
    kinds["unrouted"] = bench.handle("elsewhere/q3.csv", "v1")
    bench.quill.away = True
    bench.handle(KEY, "v2")
    kinds["a later try that fails"] = bench.handle(KEY, "v2")
    return Calls({kind: dict(counted) for kind, counted in kinds.items()}, before)


def seconds_with_latency(rounds: int) -> list[float]:
    """Seconds for one upload, when each call to S3 takes `LATENCY_SECONDS`, one after the other."""
    bench = Bench(LATENCY_SECONDS)
    taken = []
    for number in range(1, 10 * rounds + 1):
        begun = time.perf_counter()
        bench.handle(KEY, f"v{number}")
        taken.append(time.perf_counter() - begun)
    return taken
