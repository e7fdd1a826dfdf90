"""What `status` counts, and what it does not claim to know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from sftp_watchdog.ledger_names import LAST_GOOD_ROUTES, SWEPT_LOG_UNTIL
from sftp_watchdog.routes import MAX_BYTES

from quillgate.operate import overview as overview_module
from quillgate.operate.overview import Attention, Count, Overview, overview
from quillgate.operate.words import age, safe, short
from quillgate.options import time_of
from quillgate.status_command import lines
from tests.unit.operate_fakes import NOW, FakeQueue, FakeVersions, Place, at, entry, upload
from tests.unit.watchdog_fakes import ROUTES

PREFIX = "dev-quillgate-sftp"


class FakeCloudWatch:
    """Alarms, and the age of the oldest message in seconds; filters alarms as little as engines."""

    def __init__(self, *alarms: tuple[str, str], oldest: float | None = None) -> None:
        self._alarms = alarms
        self._oldest = oldest

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_alarms"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, **_: Any) -> Iterator[dict[str, Any]]:
        for name, state in self._alarms:
            yield {"MetricAlarms": [{"AlarmName": name, "StateValue": state}]}

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        assert request["Dimensions"] == [{"Name": "QueueName", "Value": "queue"}]
        if self._oldest is None:
            return {"Datapoints": []}
        earlier = {"Timestamp": request["StartTime"], "Maximum": 7.0}
        return {"Datapoints": [{"Timestamp": request["EndTime"], "Maximum": self._oldest}, earlier]}


@pytest.fixture
def place() -> Place:
    """A stack with good routes and no alarms, in which nothing has happened."""
    place = Place(FakeVersions(), cloudwatch=FakeCloudWatch())
    place.s3.objects["watchdog.config"] = ROUTES.encode()
    return place


def attention(found: Overview, state: str) -> Attention:
    return next(each for each in found.attention if each.state == state)


def screen(found: Overview) -> dict[str, str]:
    return dict(lines(found))


def test_an_empty_stack(place: Place) -> None:
    shown = screen(overview(place.deployment, NOW))
    assert shown["queue"] == "0 waiting, 0 taken or hidden until a retry"
    assert shown["dead letters"] == "0"
    assert shown["last accepted"] == "none of the newest uploads"
    assert shown["retrying"] == "0"
    assert shown["routes"] == "1 in force"
    assert shown["last sweep"] == "none so far"
    assert shown["alarms"] == "none"


def test_a_sweep_that_is_long_ago_shows(place: Place) -> None:
    place.ledger.keep_text(SWEPT_LOG_UNTIL, at(-5 * 3600))
    assert screen(overview(place.deployment, NOW))["last sweep"] == "5 h ago"


def test_each_state_is_counted_and_its_oldest_named(place: Place) -> None:
    place.queue.messages = dict(FakeQueue("1", "2").messages)
    place.keep(*(entry("dead", upload(f"acme/incoming/{n}\n.csv", seconds=n)) for n in range(3)))
    place.keep(entry("retrying", upload("acme/incoming/r.csv")))
    found = overview(place.deployment, NOW)
    assert found.dead_letters == 2
    assert attention(found, "dead").count == Count(3)
    oldest = attention(found, "dead").oldest
    assert oldest is not None
    assert oldest.key == "acme/incoming/0\n.csv"
    assert r"ago: 'acme/incoming/0\n.csv'" in screen(found)["dead"]
    assert found.oldest is not None
    assert found.oldest.source == "ledger"


def test_uploads_of_today_and_of_the_week(place: Place) -> None:
    day = 86_400
    ages = {"now": 0, "b": 3 * day, "c": 6 * day, "d": 7 * day}
    place.keep(*(entry("accepted", upload(key, seconds=-each)) for key, each in ages.items()))
    found = overview(place.deployment, NOW)
    assert (found.today, found.week) == (Count(1), Count(3))
    assert found.last_accepted is not None
    assert found.last_accepted.key == "now"


def test_a_leftover_in_a_list_is_not_counted(place: Place) -> None:
    place.keep(entry("dead"))
    for name in list(place.ledger_bucket.objects):
        if name.startswith("entries/"):
            place.ledger_bucket.objects[name] = entry("accepted").to_json()
    assert attention(overview(place.deployment, NOW), "dead") == Attention("dead", Count(0), None)


def test_very_many_are_not_all_looked_at(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_module, "LISTED", 5)
    monkeypatch.setattr(overview_module, "VERIFIED", 3)
    place.keep(*(entry("dead", upload(f"{n}.csv", seconds=n)) for n in range(7)))
    found = attention(overview(place.deployment, NOW), "dead")
    assert str(found.count) == "5+"
    assert found.oldest is not None
    # Of the newest six, which were listed.
    assert found.oldest.key == "1.csv"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b'[[route]]\nprojekt = "x"\n', "watchdog.config is broken: line"),
        (b"\xff", "watchdog.config is broken: line 1: not UTF-8"),
        (b" " * (MAX_BYTES + 1), "watchdog.config is broken: line 1: more than 2,000,000 bytes"),
        (None, "there is no watchdog.config"),
    ],
)
def test_broken_routes_are_told_with_what_is_in_force(
    place: Place, stored: bytes | None, said: str
) -> None:
    del place.s3.objects["watchdog.config"]
    if stored is not None:
        place.s3.objects["watchdog.config"] = stored
    assert screen(overview(place.deployment, NOW))["routes"].startswith(f"none in force: {said}")
    place.ledger_bucket.objects[LAST_GOOD_ROUTES] = ROUTES.encode()
    shown = screen(overview(place.deployment, NOW))["routes"]
    assert shown.startswith(f"the last good 1 in force: {said}")


def test_last_good_routes_that_are_no_longer_good_are_not_in_force(place: Place) -> None:
    place.s3.objects["watchdog.config"] = b"[["
    place.ledger_bucket.objects[LAST_GOOD_ROUTES] = b'[[route]]\ncolour = "red"\n'
    shown = screen(overview(place.deployment, NOW))["routes"]
    assert shown.startswith("none in force: watchdog.config is broken")


def test_alarms_are_those_of_the_stack(place: Place) -> None:
    names = [
        (f"{PREFIX}-errors", "ALARM"),
        (f"{PREFIX}-age", "OK"),
        ("dev-quillgate-sftp2-errors", "ALARM"),
    ]
    place.deployment = Place(place.s3, cloudwatch=FakeCloudWatch(*names)).deployment
    assert overview(place.deployment, NOW).alarms == (f"{PREFIX}-errors",)


@pytest.mark.parametrize(
    ("oldest", "source"), [(90.0, "CloudWatch"), (0.0, "ledger"), (None, "ledger")]
)
def test_on_aws_the_age_is_the_queues_own_metric(oldest: float | None, source: str) -> None:
    place = Place(cloudwatch=FakeCloudWatch(oldest=oldest), environment="aws")
    place.s3.objects["watchdog.config"] = ROUTES.encode()
    place.keep(entry("retrying"))
    found = overview(place.deployment, NOW).oldest
    assert found is not None
    assert found.source == source
    if source == "CloudWatch":
        assert found.since == at(-90)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (86_400 * 3, "3 d")],
)
def test_ages(seconds: int, said: str) -> None:
    assert age(NOW.isoformat(), NOW + timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86_400),
        ("2026-11-23T11:00", 3600),
        ("2026-11-23T13:00+02:00", 3600),
        ("2026-11-23", 43_200),
    ],
)
def test_times_as_people_write_them(text: str, seconds: int) -> None:
    assert time_of(text, NOW, "--since") == NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2 h", "2y", "yesterday", "-2h", "999999d", "1\n"])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="neither like 2h nor like"):
        time_of(text, NOW, "--since")


def test_texts_are_safe_and_short() -> None:
    assert safe("é\n\x1b[31m\u202e") == r"é\n\x1b[31m\u202e"
    assert (short("abc", 3), short("abcd", 3)) == ("abc", "ab…")
