"""Every page, for everybody: by axe-core in light and dark, on a phone, by keyboard, by role."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.console.axe import obstacles
from tests.console.conftest import SOON_DEAD, Visit
from tests.console.every_page import PAGES
from tests.console.mistakes import MISTAKES
from tests.console.person import Person
from tests.console.stage import KEY, set_stage
from tests.integration.support import Environment, Running, start_environment

_PHONE = {"width": 375, "height": 667}
_NAVIGATION = ["/customers", "/uploads", "/dead-letters", "/routes", "/health", "/changes"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """On a stack of its own, where there is something to see on each page."""
    with start_environment(tmp_path_factory.mktemp("environment"), *SOON_DEAD) as running:
        set_stage(running, tmp_path_factory.mktemp("stage"))
        yield running


@pytest.fixture(scope="module")
def environment(running: Running) -> Environment:
    return running.environment


@pytest.fixture
def pages(environment: Environment) -> list[str]:
    """Every page, filled in."""
    return list(_filled_in(environment))


def _filled_in(environment: Environment) -> Iterator[str]:
    s3, where = environment.client("s3"), {"Bucket": environment.bucket}
    names = {
        "user": KEY.partition("/")[0],
        "key": quote(KEY, safe=""),
        "version": s3.head_object(**where, Key=KEY)["VersionId"],
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "routes": s3.head_object(**where, Key="watchdog.config")["VersionId"],
    }
    yield from (path.format(**names) for paths in PAGES.values() for path in paths)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_hard_to_use_otherwise(visit: Visit, pages: list[str], scheme: str) -> None:
    person = visit("operator", color_scheme=scheme)
    found = {path: _obstacles(person, path) for path in pages}
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_nor_for_those_who_may_do_less_and_are_told_so(
    visit: Visit, pages: list[str], role: str
) -> None:
    person = visit(role)
    found = {path: _obstacles(person, path, (200, 403)) for path in pages}
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize(
    "options", [{"color_scheme": "light"}, {"color_scheme": "dark", "viewport": _PHONE}]
)
def test_nor_is_any_that_shows_a_mistake(visit: Visit, options: dict[str, Any]) -> None:
    person, found, too_wide = visit("operator", **options), {}, []
    for name, make in MISTAKES.items():
        make(person)
        found[name] = obstacles(person.page)
        if _is_too_wide(person):
            too_wide.append(name)
    assert {name: each for name, each in found.items() if each} == {}
    assert too_wide == []


def test_axe_sees_a_field_without_a_name(visit: Visit) -> None:
    """So that a page without obstacles is one that was looked at."""
    person = visit()
    person.page.evaluate("document.querySelector('label[for=role]').remove()")
    assert any("select-name" in each for each in obstacles(person.page))


def _obstacles(person: Person, path: str, statuses: Sequence[int] = (200,)) -> list[str]:
    answer = person.page.goto(path)
    assert answer is not None
    assert answer.status in statuses, path
    return obstacles(person.page)


def test_no_page_is_wider_than_a_phone(visit: Visit, pages: list[str]) -> None:
    person = visit("operator", viewport=_PHONE)
    assert [path for path in pages if _overflows(person, path)] == []


def _overflows(person: Person, path: str) -> bool:
    person.open(path)
    return _is_too_wide(person)


def _is_too_wide(person: Person) -> bool:
    root = "document.documentElement"
    return bool(person.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))


def test_what_the_keyboard_is_at_is_seen(visit: Visit, pages: list[str]) -> None:
    """Every link, button and field has an outline while the keyboard is at it."""
    person = visit("operator")
    for path in pages:
        person.open(path)
        for _ in range(12):
            person.page.keyboard.press("Tab")
            style = "getComputedStyle(document.activeElement).outlineStyle"
            assert person.page.evaluate(style) == "solid", path


def test_the_navigation_leads_to_every_area_and_shows_where_one_is(visit: Visit) -> None:
    person = visit("viewer")
    areas = person.page.get_by_role("navigation", name="Areas")
    for path in _NAVIGATION:
        areas.locator(f'a[href="{path}"]').click()
        expect(person.page).to_have_url(re.compile(f"{path}$"))
        expect(areas.locator("[aria-current=page]")).to_have_attribute("href", path)


def test_a_viewer_sees_no_button_that_changes_something(visit: Visit, pages: list[str]) -> None:
    """All that a viewer's pages send is the choice of another role."""
    person = visit("viewer")
    for path in pages:
        answer = person.page.goto(path)
        assert answer is not None
        assert answer.status in (200, 403), path
        sending = person.page.locator("form[method=post], [hx-post], button[formaction]")
        actions = sending.evaluate_all("all => all.map(each => each.getAttribute('action'))")
        assert actions == ["/role"], path
