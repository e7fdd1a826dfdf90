"""`python -m benchmarks.watchdog`: what the watchdog itself costs, without Quill and without S3.

Processor time but for the last figure, so that a busy machine changes little. BENCH_ROUNDS=3.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.rounds import rounds
from benchmarks.server import BenchError
from benchmarks.sweep import Swept
from benchmarks.watchdog_calls import LATENCY_SECONDS, Calls, calls, seconds_with_latency
from benchmarks.watchdog_rate import reading, seconds_per_upload, steps
from benchmarks.watchdog_start import Size, Start, starts
from quillgate.errors import DeployError

ONE = "1 route"
# The time for one upload may not grow with the routes; 1.5 leaves room for a busy machine.
ROUTES_GOAL = 1.5
ROUTES_HELD = ("100 routes", "10,000 routes", "10,000 routes with `*`")
START_GOAL_SECONDS = 1.0
# A quarter of what Lambda takes.
ZIP_GOAL_BYTES = 50_000_000 / 4


@dataclass(frozen=True)
class Results:
    """Seconds, a value for each round."""

    uploads: dict[str, list[float]]
    steps: dict[str, list[float]]
    reading: list[float]
    starts: list[Start]
    size: Size
    calls: Calls
    with_latency: list[float]
    swept: Swept

    def ratio(self, routes: str) -> float:
        """The time for one upload, by that with one route."""
        return median(self.uploads[routes]) / median(self.uploads[ONE])

    def goals(self) -> Iterator[tuple[str, bool]]:
        """What it is held to, and whether it is met."""
        for routes in ROUTES_HELD:
            yield f"{routes} at most {ROUTES_GOAL:g}x of {ONE}", self.ratio(routes) <= ROUTES_GOAL
        start = median(each.whole for each in self.starts)
        yield f"cold start within {START_GOAL_SECONDS:g} s", start <= START_GOAL_SECONDS
        zipped = f"package at most {ZIP_GOAL_BYTES / 1e6:g} MB"
        yield zipped, self.size.zipped <= ZIP_GOAL_BYTES


def run(times: int) -> Results:
    """Measure it all; BenchError or DeployError when the package cannot be built or started."""
    size, started = starts(times)
    return Results(
        uploads=seconds_per_upload(times),
        steps=steps(times),
        reading=reading(times),
        starts=started,
        size=size,
        calls=calls(),
        with_latency=seconds_with_latency(times),
        swept=_sweep(),
    )


def _sweep() -> Swept:
    """In a process of its own: its memory is measured."""
    command = [sys.executable, "-m", "benchmarks.sweep"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        last = ran.stderr.strip().rpartition("\n")[2]
        raise BenchError(f"sweep cannot be measured: {last!r} - correct it")
    return Swept(**json.loads(ran.stdout))


def as_json(results: Results) -> dict[str, Any]:
    """What `results.json` holds of it."""
    prices = {kind: results.calls.price(kind) for kind in results.calls.by_kind}
    goals = [{"goal": text, "met": met} for text, met in results.goals()]
    return {**asdict(results), "usd_for_1000_list_price": prices, "goals": goals}


def table(results: Results) -> Iterator[str]:
    """The same for people."""
    yield f"{'watchdog, one core, no Quill':36}{'uploads/s':>12}{'ms each':>12}{'ratio':>12}"
    for routes, seconds in results.uploads.items():
        each = median(seconds)
        yield f"{routes:36}{1 / each:12,.0f}{each * 1e3:12.2f}{results.ratio(routes):12.2f}"
    split = ", ".join(f"{name} {median(of) * 1e3:.2f}" for name, of in results.steps.items())
    yield f"ms of each: {split}; the rest is batch, log, metrics"
    yield f"reading 10,000 routes: {median(results.reading):.2f} s, when they have changed"
    yield _start(results)
    yield ""
    yield f"{'calls to S3 for each event':36}{'PUT':>12}{'GET, HEAD':>12}{'USD/1000*':>12}"
    for kind, counted in results.calls.by_kind.items():
        puts = counted.get("put_object", 0)
        gets = counted.get("get_object", 0) + counted.get("head_object", 0)
        yield f"{kind:36}{puts:12}{gets:12}{results.calls.price(kind):12.4f}"
    yield "* list price, us-east-1 - check it"
    took = f"{median(results.with_latency) * 1e3:.0f} ms for an upload"
    before = f"{results.calls.before_quill} calls before Quill hears of it"
    yield f"S3 at {LATENCY_SECONDS * 1e3:g} ms a call: {took}, {before}"
    yield _swept(results.swept)
    for text, met in results.goals():
        yield f"goal: watchdog, {text}: {'met' if met else 'NOT MET'}"


def _start(results: Results) -> str:
    parts = {
        name: median(getattr(each, name) for each in results.starts)
        for name in ("whole", "boto3", "watchdog", "init")
    }
    size = results.size
    return (
        f"cold start: {parts['whole']:.2f} s (boto3 {parts['boto3']:.2f}, the package "
        f"{parts['watchdog']:.2f}, its parts {parts['init']:.2f}); "
        f"package: {size.zipped / 1e6:.1f} MB, unzipped {size.unzipped / 1e6:.1f} MB"
    )


def _swept(swept: Swept) -> str:
    requests = sum(swept.requests.values())
    return (
        f"sweep of {swept.keys:,} keys: {swept.seconds:.0f} s ({swept.keys_per_second:,.0f} a "
        f"second), {swept.memory / 1e6:.0f} MB more memory, {requests:,} requests, "
        f"{swept.put_back} of {swept.lost} lost put back"
    )


def main() -> None:
    """Run it alone; one line on stderr when it cannot be done."""
    try:
        print("\n".join(table(run(rounds()))))
    except (BenchError, DeployError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
