"""The console's health page: what it counts, and what it does not wait for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sftp_watchdog.ledger_names import LAST_GOOD_ROUTES, SWEPT_LOG_UNTIL

from emulator.transfer.store import Store
from quillgate.operate.health import health
from tests.unit.console_fakes import browser
from tests.unit.operate_fakes import KEY, NOW, FakeQueue, FakeVersions, Place, at, entry, upload
from tests.unit.test_console_uploads import words
from tests.unit.test_status import FakeCloudWatch
from tests.unit.users_fakes import Stack, new_key
from tests.unit.watchdog_fakes import ROUTES, client_error

PREFIX = "dev-quillgate-sftp"


@pytest.fixture
def users(tmp_path: Path) -> Iterator[Stack]:
    with Store(tmp_path / "transfer.sqlite3") as store:
        yield Stack(store)


@pytest.fixture
def place(users: Stack) -> Place:
    """A stack with good routes and no alarms, in which nothing has happened."""
    found = Place(
        FakeVersions(),
        cloudwatch=FakeCloudWatch(),
        transfer=users.transfer,
        formation=users.deployment.client("cloudformation"),
    )
    found.s3.objects["watchdog.config"] = ROUTES.encode()
    return found


def page(place: Place, **query: str) -> str:
    return words(browser(place=place), "/health", **query)


def test_a_stack_in_which_nothing_has_happened(place: Place) -> None:
    shown = page(place)
    assert "Alarms ok None." in shown
    assert "0 waiting, 0 being delivered" in shown
    assert "1 in force" in shown
    assert "Last sweep none so far" in shown
    assert "There are none." in shown


def test_what_waits_is_counted_by_state_with_its_oldest(place: Place) -> None:
    place.queue.messages = FakeQueue("1", "2").messages
    place.keep(*(entry("retrying", upload(f"{n}.csv", seconds=-n)) for n in range(3)))
    place.keep(entry("unrouted", upload("u.csv")))
    found = health(place.deployment, NOW)
    counts = {each.state: str(each.count) for each in found.states if each.count.number}
    assert counts == {"retrying": "3", "unrouted": "1"}
    assert found.states[0].oldest == at(-2)
    assert found.oldest is not None
    assert (found.oldest.since, found.oldest.source) == (at(-2), "ledger")
    assert (found.queue.waiting, found.dead_letters, str(found.today)) == (2, 2, "4")
    assert "retrying 3" in page(place)


def test_very_many_are_counted_no_further_and_have_no_oldest(place: Place) -> None:
    place.keep(*(entry("dead", upload(f"{n}.csv", seconds=-n)) for n in range(40)))
    dead = next(each for each in health(place.deployment, NOW).states if each.state == "dead")
    assert (str(dead.count), dead.oldest) == ("25+", None)


def test_an_alarm_says_what_it_means(place: Place) -> None:
    raised = {"AlarmName": f"{PREFIX}-rejected", "StateValue": "ALARM", "AlarmDescription": "a<b>"}
    paginate = lambda **_: iter([{"MetricAlarms": [raised]}])  # noqa: E731
    place.cloudwatch.get_paginator = lambda _: SimpleNamespace(paginate=paginate)
    assert "rejected a<b>" in page(place)


def test_broken_routes_are_told(place: Place) -> None:
    place.s3.objects["watchdog.config"] = b"[[route"
    assert "failed none in force" in page(place)
    place.ledger.keep_text(LAST_GOOD_ROUTES, ROUTES)
    assert "the last good ones are in force" in page(place)


def test_the_last_sweep_is_told(place: Place) -> None:
    place.ledger.keep_text(SWEPT_LOG_UNTIL, at(-60))
    assert health(place.deployment, NOW).swept == at(-60)


def test_customers_are_shown_with_their_last_upload_a_page_at_a_time(
    place: Place, users: Stack
) -> None:
    for number in range(30):
        users.directory.add(f"user-{number:02}", [new_key()])
    of = upload(KEY)
    place.keep(entry("accepted", of), entry("accepted", upload("older.csv", seconds=-9)))
    users.directory.add("acme", [new_key()])
    visitor = browser(place=place)
    first = words(visitor, "/health")
    assert "acme" in first
    assert "accepted enabled user-00 never enabled" in first
    assert "user-24" not in first
    more = visitor.get("/health").text.split('href="/health?token=')[1].split('"')[0]
    assert "user-29 never" in words(visitor, f"/health?token={more}")


def test_a_server_that_does_not_answer_hides_nothing_else(place: Place, users: Stack) -> None:
    def away(**_: Any) -> None:
        raise client_error(503)

    vars(users.transfer)["list_users"] = away
    shown = page(place)
    assert "users cannot be listed" in shown
    assert "1 in force" in shown


def test_a_customer_who_is_called_new_is_led_to(place: Place, users: Stack) -> None:
    users.directory.add("new", [new_key()])
    assert 'href="/customers/new/"' in browser(place=place).get("/health").text
