"""Routes as an operator changes them: seen as they are typed, broken, mended, undone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.console.tasks import ROUTES, with_route
from tests.integration.support import Environment, NewUser, Quill, upload

CHECKED = "#checked"


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    return environment.new_user()


def test_what_is_typed_is_checked_as_it_is_typed(visit: Visit, customer: NewUser) -> None:
    person = visit("operator")
    person.open("/routes/edit")
    checked = person.page.locator(CHECKED)
    text = with_route(person, customer.name)
    person.fill(ROUTES, text.replace("stories", "storys"))
    expect(checked).to_contain_text("Nothing can be saved before this is right")
    expect(checked).to_contain_text(re.compile("line [0-9]+"))
    person.fill(ROUTES, text)
    expect(checked).not_to_contain_text("Nothing can be saved")
    expect(checked).to_contain_text(f"{customer.name}/incoming")


@pytest.mark.parametrize("has_javascript", [True, False])
def test_broken_routes_are_kept_as_typed_and_mended(
    visit: Visit, environment: Environment, quill: Quill, customer: NewUser, *, has_javascript: bool
) -> None:
    person = visit("operator", java_script_enabled=has_javascript)
    person.open("/routes")
    person.follow("Change the routes")
    good = with_route(person, customer.name)
    person.fill(ROUTES, good.replace(f'"{customer.name}/outgoing"', "outgoing"))
    person.press("Save and put in force")
    person.sees("Nothing can be saved before this is right")
    expect(person.field(ROUTES)).to_have_value(re.compile("stories = outgoing"))
    person.fill(ROUTES, good)
    person.press("Save and put in force")
    person.is_told("Saved")
    person.sees(f"{customer.name}/incoming")
    quill.accepted(upload(environment, customer))
    person.open("/changes?about=routes")
    person.sees("routes push")


def test_the_check_button_works_without_javascript(visit: Visit, customer: NewUser) -> None:
    person = visit("operator", java_script_enabled=False)
    person.open("/routes/edit")
    person.fill(ROUTES, with_route(person, customer.name))
    person.press("Check")
    expect(person.page.locator(CHECKED)).to_contain_text(f"{customer.name}/incoming")
    person.open("/routes")
    person.sees_no(f"{customer.name}/incoming")


def test_a_change_is_undone(visit: Visit, customer: NewUser) -> None:
    person = visit("operator")
    person.open("/routes/edit")
    person.fill(ROUTES, with_route(person, customer.name))
    person.press("Save and put in force")
    person.sees(f"{customer.name}/incoming")
    person.follow("Earlier versions")
    person.page.get_by_role("link", name=re.compile("^Version of")).nth(1).click()
    person.sees(f"{customer.name}/incoming")
    person.press("Put back in force")
    person.is_told("Put back")
    person.sees_no(f"{customer.name}/incoming")
    person.follow("Who changed them")
    person.sees("routes undo")


def test_what_was_typed_on_a_page_that_is_too_old_is_not_lost(visit: Visit) -> None:
    """As after the console was started again: going back loads the page anew."""
    person = visit("operator")
    person.open("/routes/edit")
    person.page.locator("main [name=csrf]").evaluate("it => it.value = 'old'")
    person.fill(ROUTES, "# the work of an hour")
    person.press("Save and put in force")
    person.is_warned("too old or not ours")
    kept = person.field("What you typed: copy it before you go back")
    expect(kept).to_have_value("# the work of an hour")


def test_of_two_who_change_them_at_once_the_second_sees_the_firsts(visit: Visit) -> None:
    first, second = visit("operator"), visit("operator")
    for each in (first, second):
        each.open("/routes/edit")
    first.fill(ROUTES, with_route(first, "of-the-first"))
    second.fill(ROUTES, with_route(second, "of-the-second"))
    first.press("Save and put in force")
    first.is_told("Saved")
    second.press("Save and put in force")
    second.is_warned("somebody else was faster")
    second.sees("of-the-first/incoming")
    expect(second.field("Your text")).to_have_value(re.compile("of-the-second"))


@pytest.mark.parametrize("has_javascript", [True, False])
def test_which_route_takes_a_file_is_told(
    visit: Visit, environment: Environment, *, has_javascript: bool
) -> None:
    person = visit("viewer", java_script_enabled=has_javascript)
    person.open("/routes")
    label = "Folder and file name"
    person.fill(label, f"{environment.test_user}/incoming/q3 'sales' 50%+é.csv")
    if not has_javascript:
        person.press("Show")
    person.sees("demo")
    expect(person.page.get_by_role("link", name="Change the routes")).to_have_count(0)
    person.open("/routes/edit", status=403)
    person.is_warned("yours is viewer")
