"""Uploads page by page: each once, newest first, however days and states lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from quillgate.operate import lists
from quillgate.operate.lists import Query
from tests.unit.operate_fakes import NOW, Place, entry, upload

DAY = 86_400


def kept(place: Place, *seconds: float, outcome: Any = "accepted") -> None:
    """Uploads of so many seconds after now, each with its time as its name."""
    place.keep(*(entry(outcome, upload(f"{each:.0f}", seconds=each)) for each in seconds))


def pages(place: Place, query: Query, limit: int = 2) -> Iterator[list[str]]:
    """The keys on each page, to the last one."""
    after: str | None = query.after
    while after is not None:
        page = lists.uploads(place.ledger, Query(query.user, query.state, after), limit, NOW)
        yield [each.key for each in page.entries]
        after = page.next


def test_all_are_listed_once_across_days() -> None:
    place = Place()
    kept(place, 0, -1, -DAY, -DAY - 1, -DAY - 2, -3 * DAY)
    found = list(pages(place, Query()))
    assert found == [["0", "-1"], ["-86400", "-86401"], ["-86402", "-259200"]]


def test_a_long_silence_is_passed_over_page_by_page() -> None:
    place = Place()
    kept(place, 0, -40 * DAY)
    found = list(pages(place, Query()))
    assert found == [["0"], [], ["-3456000"]]


def test_an_empty_ledger_is_one_empty_page() -> None:
    assert list(pages(Place(), Query())) == [[]]


def test_what_costs_is_the_page_and_not_the_ledger() -> None:
    place = Place()
    kept(place, *range(-50, 0))
    page = lists.uploads(place.ledger, Query(), 5, NOW)
    assert (len(page.entries), page.looked_at) == (5, 5)


@pytest.mark.parametrize("query", [Query(), Query(user="acme"), Query(state="dead")])
def test_it_begins_at_the_end_of_a_day(query: Query) -> None:
    place = Place()
    kept(place, 0, -12 * 3600 - 0.001, -DAY, -2 * DAY, outcome="dead")
    after = lists.from_day("2026-11-22")
    found = [key for page in pages(place, Query(query.user, query.state, after)) for key in page]
    assert found == ["-43200", "-86400", "-172800"]


def test_a_day_to_come_is_no_long_silence() -> None:
    place = Place()
    kept(place, 0, -DAY)
    assert list(pages(place, Query(after=lists.from_day("2031-01-01")))) == [["0", "-86400"]]


@pytest.mark.parametrize("text", ["2026-13-01", "tomorrow", "2026-11-23T09:00", "20261123"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time data|unconverted|format"):
        lists.from_day(text)


def test_a_users_uploads_of_one_state_are_looked_for_page_by_page() -> None:
    place = Place()
    kept(place, -1, -2, -4)
    kept(place, -3, -5, outcome="dead")
    assert list(pages(place, Query("acme", "dead"))) == [[], ["-3"], ["-5"]]
    page = lists.uploads(place.ledger, Query("acme", "dead"), 4, NOW)
    assert (len(page.entries), page.looked_at) == (1, 4)


def test_a_leftover_in_a_states_list_is_passed_over() -> None:
    place = Place()
    kept(place, -1, outcome="dead")
    for name in place.ledger_bucket.objects:
        if name.startswith("entries/"):
            place.ledger_bucket.objects[name] = entry(
                "accepted", upload("-1", seconds=-1)
            ).to_json()
    assert list(pages(place, Query(state="dead"))) == [[]]
