"""What the estimate takes for granted of the product is so: counted, or read from the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from sftp_watchdog.ledger import Ledger
from sftp_watchdog.metrics import Metric
from sftp_watchdog.routes import parse
from sftp_watchdog.sweep_evidence import LogSweep
from sftp_watchdog.sweep_run import Order

from benchmarks.watchdog_calls import calls
from quillgate.costs import usage
from quillgate.costs.workload import HOURS
from tests.unit.production import TEMPLATE
from tests.unit.sweep_fakes import World
from tests.unit.test_evidence import FakeLogs
from tests.unit.watchdog_fakes import FakeBucket
from tests.unit.whole_fakes import Desk, completed

RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
DEFAULTS = {name: it.get("Default") for name, it in TEMPLATE["Parameters"].items()}


class CountedBucket(FakeBucket):
    """A bucket that counts what is asked of it, as S3's price list does."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    def put_object(self, **request: Any) -> dict[str, Any]:
        self.asked["put"] += 1
        return super().put_object(**request)

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.asked["get"] += 1
        return super().get_object(**request)

    def _pages(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.asked["put"] += 1  # LIST is in its class
        yield from super()._pages(**request)


def of_type(kind: str) -> list[dict[str, Any]]:
    return [it["Properties"] for it in RESOURCES.values() if it["Type"] == kind]


def test_an_upload_and_its_story_take_as_many_requests() -> None:
    by_kind = calls().by_kind
    assert by_kind["accepted"] == {"put_object": usage.TOLD_PUTS, "head_object": usage.TOLD_GETS}
    assert by_kind["its story"] == {"put_object": usage.STORY_PUTS, "get_object": usage.STORY_GETS}


def test_transfers_word_of_an_upload_that_is_told_takes_as_many() -> None:
    bucket = CountedBucket()
    desk = Desk("", bucket)
    upload = desk.s3.store("in/a.csv", b"a", 0)
    desk.hear(upload)
    bucket.asked.clear()
    desk.hear(completed(upload))
    assert bucket.asked["put"] == usage.PROOF_PUTS


def test_a_sweep_takes_as_many_whatever_there_is() -> None:
    world, bucket = World(), CountedBucket()
    world.ledger = Ledger(cast("Any", bucket), "ledger-1", world.clock)
    log = LogSweep(
        cast("Any", FakeLogs()), "group", world.ledger, cast("Any", world.queue), "queue"
    )
    order = Order(grace_seconds=900, resume=True)
    for _ in range(2):
        bucket.asked.clear()
        world.sweep(order)
        log.run(parse(world.uploads.config or ""), order)
    # The routes are read from the other bucket.
    assert bucket.asked == {"put": usage.SWEEP_PUTS, "get": usage.SWEEP_GETS - 1}


def test_the_stack_has_as_many_parts() -> None:
    assert len(of_type("AWS::CloudWatch::Alarm")) == usage.ALARMS
    assert len(of_type("AWS::CloudWatch::Dashboard")) == usage.DASHBOARDS
    assert len(of_type("AWS::SecretsManager::Secret")) == usage.SECRETS
    assert len(Metric) == usage.METRICS


def test_the_functions_are_as_large() -> None:
    sizes = {name: RESOURCES[name]["Properties"]["MemorySize"] for name in ("Watchdog", "Sweep")}
    assert sizes["Watchdog"] == usage.WATCHDOG_GIGABYTES * 1024
    assert sizes["Sweep"] == usage.SWEEP_GIGABYTES * 1024


def test_the_settings_are_the_templates_own() -> None:
    assert DEFAULTS["SweepSchedule"] == "rate(15 minutes)"
    assert usage.SWEEPS == HOURS * 60 / 15
    assert DEFAULTS["SweepPages"] == usage.SWEEP_PAGES
    assert DEFAULTS["LogRetentionDays"] == 365
    assert usage.LOG_MONTHS == 12
    assert DEFAULTS["MaximumConcurrency"] == usage.WORKERS
    look_ups = usage.WORKERS * HOURS * 3600 / DEFAULTS["ConfigMaxAgeSeconds"]
    assert look_ups == usage.LOOK_UPS
