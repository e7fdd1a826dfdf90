from __future__ import annotations

import json
from typing import Any, cast

import pytest
from sftp_watchdog.errors import NoRoutesError
from sftp_watchdog.metrics import Metrics
from sftp_watchdog.sweep_handler import ScheduledSweep

from tests.unit.sweep_fakes import World
from tests.unit.watchdog_fakes import Log

KEY = "acme/incoming/a.csv"


class Bench:
    """The scheduled sweep on fakes: `event` is EventBridge's."""

    def __init__(self) -> None:
        self.world, self.log = World(), Log()
        metrics = Metrics("Quillgate", "prod-quillgate-sftp")
        s3, sqs = cast("Any", self.world.uploads), cast("Any", self.world.queue)
        given = (self.world.ledger, self.world.settings, self.log.logger, metrics)
        self.sweep = ScheduledSweep(s3, sqs, *given)

    def run(self, seconds: float = 900, **event: Any) -> dict[str, Any]:
        return self.sweep.run({"detail-type": "Scheduled Event"} | event, lambda: seconds)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def emf(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out))


def test_what_is_put_back_is_logged_and_counted(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    upload = bench.world.store(KEY, hours=1)
    bench.world.settle(bench.world.store("acme/inbox/dead"), "dead")
    counts = bench.run()
    assert counts == {
        "looked_at": 1,
        "swept": 1,
        "judged_again": 0,
        "long_waiting": 1,
        "requests": 3,
        "passed_over": 0,
        "is_complete": True,
    }
    [line] = bench.log.lines("upload put back")
    assert (line["upload_id"], line["key"]) == (upload.upload_id, KEY)
    assert (line["outcome"], line["reason"]) == ("swept", "not in the ledger")
    [line] = bench.log.lines("swept")
    assert line.items() >= counts.items()
    metrics = emf(capsys)
    assert (metrics["Swept"], metrics["LongWaiting"]) == ([1.0], [1.0])
    assert metrics["Stack"] == "prod-quillgate-sftp"


def test_nothing_found_is_counted_too(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """An alarm that has data can go back to OK."""
    bench.run()
    metrics = emf(capsys)
    assert (metrics["Swept"], metrics["LongWaiting"]) == ([0.0], [0.0])


def test_the_grace_is_the_templates_unless_a_person_says_otherwise(bench: Bench) -> None:
    bench.world.store(KEY, seconds=899)
    assert bench.run()["swept"] == 0
    assert bench.run(grace_seconds=0)["swept"] == 1


def test_after_a_loss_of_the_queues_everything_is_put_back(bench: Bench) -> None:
    bench.world.settle(bench.world.store(KEY), "retrying", due=bench.world.ledger.later(60))
    assert bench.run()["swept"] == 0
    assert bench.run(everything=True)["swept"] == 1


def test_it_ends_before_the_functions_time_is_over(bench: Bench) -> None:
    for number in range(10):
        bench.world.store(f"acme/inbox/{number}", hours=1)
    assert not bench.run(seconds=60)["is_complete"]
    assert bench.run()["is_complete"]


def test_without_routes_it_fails_and_says_why(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.world.uploads.config = None
    with pytest.raises(NoRoutesError):
        bench.run()
    [line] = bench.log.lines("nothing is swept")
    assert "watchdog.config" in line["reason"]
    metrics = emf(capsys)
    assert metrics["Misconfigured"] == [1.0]
    assert "Swept" not in metrics
