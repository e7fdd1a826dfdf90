"""What a page costs with 10,000 users and 100,000 uploads, and with ten of each: in requests to
AWS, in names listed, in processor time.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from quillgate.console.pages import all_pages
from tests.console.every_page import NO_PAGES, PAGES, PARTS
from tests.unit.crowded import STATES, Site, name_of, site

_AT_MOST = 3
_RUNS = 5
_NEXT = re.compile(r'class="button" href="([^"]+[?;&](?:after|page|token)=[^"]+)"')


@pytest.fixture(scope="module")
def small() -> Site:
    """Ten of each: users, uploads in each state, dead letters, changes."""
    return _warm(site(10, 10 * len(STATES), 10))


@pytest.fixture(scope="module")
def large() -> Site:
    return _warm(site(10_000, 100_000, 1000))


def _warm(found: Site) -> Site:
    """What is read once is read, and what is kept for a minute: the names for the search."""
    for path in _paths():
        _open(found, path)
    return found


def _paths() -> list[str]:
    return [path for paths in (PAGES | PARTS).values() for path in paths]


def _open(place: Site, path: str) -> tuple[int, int]:
    """How many requests a page makes, and how many names they list."""
    place.bill.reset()
    names = {
        "user": name_of(0),
        "version": "v1",
        "routes": "v1",
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    answer = place.browser.get(path.format(**names, key=quote(place.key, safe="")))
    assert answer.status_code == 200, answer.text.partition("<main")[2]
    return place.bill.requests.total(), place.bill.names


def _declared() -> Iterator[str]:
    for router in all_pages():
        for route in router.routes:
            assert isinstance(route, APIRoute)
            if "GET" in (route.methods or ()):
                yield route.path


def test_no_page_is_forgotten() -> None:
    assert set(_declared()) - NO_PAGES == PAGES.keys() | PARTS.keys()


@pytest.mark.parametrize("path", _paths())
def test_a_page_costs_at_most_three_times_as_much(small: Site, large: Site, path: str) -> None:
    requests, names = _open(small, path)
    more_requests, more_names = _open(large, path)
    assert more_requests <= _AT_MOST * requests, (more_requests, requests)
    assert more_names <= _AT_MOST * names, (more_names, names)


def test_what_is_typed_is_held_against_the_routes_alone(small: Site) -> None:
    """Uploads and the stack's parameters were read as the editor was opened."""
    _open(small, "/routes/edit")
    form = {"text": "[[route]]", "csrf": small.browser.token()}
    small.bill.reset()
    small.browser.client.post("/routes/check", data=form, headers={"HX-Request": "true"})
    assert small.bill.requests == {"get_object": 1}


@pytest.mark.parametrize(
    "path",
    [
        "/customers",
        "/uploads",
        "/uploads?state=dead",
        "/uploads?user={user}",
        "/health",
        "/changes",
        "/changes?about={user}",
    ],
)
def test_the_next_page_costs_no_more_than_that(small: Site, large: Site, path: str) -> None:
    requests, _ = _open(small, path)
    link = _NEXT.search(large.browser.get(path.format(user=name_of(0))).text)
    assert link
    more_requests, _ = _open(large, html.unescape(link[1]))
    assert 0 < more_requests <= _AT_MOST * requests


@pytest.mark.parametrize("path", _paths())
def test_a_page_takes_at_most_three_times_as_long(small: Site, large: Site, path: str) -> None:
    """In turns, so that whatever else the machine does meets both."""
    ratios = [_seconds(large, path) / _seconds(small, path) for _ in range(_RUNS)]
    assert median(ratios) <= _AT_MOST, ratios


def _seconds(place: Site, path: str) -> float:
    """Of the processor, all threads together."""
    begun = time.process_time()
    _open(place, path)
    return time.process_time() - begun
