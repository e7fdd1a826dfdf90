"""Uploads through the handler on one core, with an S3 and a Quill that answer at once."""

from __future__ import annotations

import copy
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from sftp_watchdog import events
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.routes import parse

from benchmarks.server import BenchError
from tests.unit.hostile_events import GOOD
from tests.unit.watchdog_fakes import FakeBucket, FakeContext, FakeQuill, FakeS3, FakeSqs
from tests.unit.watchdog_on_fakes import watchdog_on

MANY = 10_000
UPLOADS = 300
BATCH = 10
DEEP = "/".join(f"{number}" for number in range(20))


@dataclass(frozen=True)
class Shape:
    """Routes numbered from 0, by `directory` and `pattern`; `key` is one that takes the n-th.

    In all three `{n}` stands for the number.
    """

    count: int
    directory: str = "customer-{n}/incoming"
    pattern: str = "*.csv"
    key: str = "customer-{n}/incoming/eu/q3.csv"

    def config(self) -> str:
        """The text of `watchdog.config`."""
        return "\n".join(self._route(number) for number in range(self.count))

    def _route(self, number: int) -> str:
        directory, pattern = self.directory.format(n=number), self.pattern.format(n=number)
        values = {"project": "p", "directory": directory, "pattern": pattern, "stories": "stories"}
        return "[[route]]\n" + "".join(f"{name} = '{text}'\n" for name, text in values.items())


SHAPES: Mapping[str, Shape] = {
    "1 route": Shape(1),
    "100 routes": Shape(100),
    "10,000 routes": Shape(MANY),
    "10,000 routes with `*`": Shape(MANY, "*/in-{n}", key="acme/in-{n}/eu/q3.csv"),
    "10,000 routes in deep folders": Shape(
        MANY, f"{DEEP}/customer-{{n}}", key=f"{DEEP}/customer-{{n}}/{DEEP}/q3.csv"
    ),
    "1,000 patterns in one folder": Shape(
        1_000, "acme/incoming", "kind-{n}-*.csv", "acme/incoming/kind-{n}-q3.csv"
    ),
}


@dataclass
class Bench:
    """A worker that is warm: its routes are read."""

    shape: Shape
    s3: FakeS3 = field(init=False)
    bucket: FakeBucket = field(default_factory=FakeBucket)

    def __post_init__(self) -> None:
        self.s3 = FakeS3(self.shape.config())
        self.ledger = Ledger(cast("Any", self.bucket), "ledger-1")
        quill, sqs = FakeQuill(), FakeSqs()
        self.watchdog = watchdog_on(self.s3, self.ledger, quill, sqs, io.StringIO())
        self.messages = self._messages()
        self.handle(BATCH)

    def handle(self, count: int) -> float:
        """Processor seconds for so many uploads, in batches as the template has them."""
        batches = [list(islice(self.messages, BATCH)) for _ in range(count // BATCH)]
        with redirect_stdout(io.StringIO()):
            begun = time.process_time()
            answers = [self._handle(batch) for batch in batches]
            taken = time.process_time() - begun
        if any(answer["batchItemFailures"] for answer in answers):
            raise BenchError(f"watchdog took no upload: '{self.shape}' - see why in its log")
        return taken

    def _handle(self, batch: list[dict[str, Any]]) -> Any:
        return self.watchdog.handle({"Records": batch}, cast("Any", FakeContext()))

    def _messages(self) -> Iterator[dict[str, Any]]:
        """Spread over the routes, each a version of its own."""
        number = 0
        while True:
            # A prime step, so that a few hundred uploads meet routes from all over the file.
            key = self.shape.key.format(n=number * 7919 % self.shape.count)
            yield message(key, f"v{number}")
            number += 1


def message(key: str, version: str) -> dict[str, Any]:
    """What SQS hands over for one upload."""
    record = copy.deepcopy(GOOD)
    record["s3"]["object"] |= {"key": key, "versionId": version}
    counted = {"attributes": {"ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs"}
    return {"messageId": version, "receiptHandle": version, "body": body(record)} | counted


def body(record: Any) -> str:
    """A message's body with one record."""
    return json.dumps({"Records": [record]})


def seconds_per_upload(rounds: int) -> dict[str, list[float]]:
    """For each of `SHAPES`, a figure for each round; the shapes take turns."""
    benches = {name: Bench(shape) for name, shape in SHAPES.items()}
    taken: dict[str, list[float]] = {name: [] for name in benches}
    for _ in range(rounds):
        for name, bench in benches.items():
            taken[name].append(bench.handle(UPLOADS) / UPLOADS)
    return taken


def reading(rounds: int) -> list[float]:
    """Processor seconds to read 10,000 routes."""
    text = SHAPES["10,000 routes"].config()
    return [_timed(lambda: parse(text)) for _ in range(rounds)]


def steps(rounds: int) -> dict[str, list[float]]:
    """Processor seconds for one upload, by the part of the work; the fakes' own time included."""
    bench = Bench(SHAPES["100 routes"])
    routes = parse(bench.shape.config())
    taken: dict[str, list[float]] = {"decode": [], "route": [], "ledger": []}
    for _ in range(rounds + 1):
        bodies = [each["body"] for each in islice(bench.messages, UPLOADS)]
        decoded: list[Any] = []
        taken["decode"].append(_timed(lambda: decoded.extend(map(_upload, bodies))) / UPLOADS)  # noqa: B023  # called at once
        taken["route"].append(_timed(lambda: [routes.find(one.key) for one in decoded]) / UPLOADS)  # noqa: B023
        taken["ledger"].append(_timed(lambda: [_keep(bench, one) for one in decoded]) / UPLOADS)  # noqa: B023
    # What is done once, as compiling a pattern, is in the first round.
    return {name: seconds[1:] for name, seconds in taken.items()}


def _upload(text: str) -> Any:
    [record] = events.records(text)
    return events.read(record)


def _keep(bench: Bench, upload: Any) -> Any:
    held = bench.ledger.claim(upload, "acme", 60)
    bench.ledger.finish(held, lambda entry: entry.moved(bench.ledger.now(), "accepted", "so"))
    return held


def _timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
