"""What keyboards, screen readers, printers and impatient people need of every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.console.tasks import NAME, add_customer, added_customer, new_name
from tests.integration.support import Environment, NewUser, upload

RIGHT_TO_LEFT = "דוח 3.csv"


_TWICE = """
form => [1, 2].map(() =>
  form.dispatchEvent(new SubmitEvent("submit", {bubbles: true, cancelable: true})))
"""


def test_a_form_that_is_on_its_way_is_not_sent_again(visit: Visit) -> None:
    """A browser waits for nothing else then: the two clicks are told to the form."""
    person = visit()
    person.open("/customers/new")
    assert person.page.locator("main form").evaluate(_TWICE) == [True, False]
    person.open("/customers")
    assert person.page.locator("main form").evaluate(_TWICE) == [True, True]


def test_how_a_change_ended_is_where_the_keyboard_is(visit: Visit) -> None:
    person, name = visit(), new_name()
    add_customer(person, "a b", "")
    expect(person.page.get_by_role("alert")).to_be_focused()
    expect(person.page).to_have_title("Not done: Add a customer - Quillgate")
    person.page.keyboard.press("Tab")
    expect(person.field(NAME)).to_be_focused()
    added_customer(person, name, "")
    expect(person.page.get_by_role("status")).to_be_focused()
    expect(person.page).to_have_title(f"{name} - Quillgate")


@pytest.mark.parametrize("path", ["/customers/nobody", "/nowhere"])
def test_what_is_wrong_with_a_page_is_where_the_keyboard_is(visit: Visit, path: str) -> None:
    person = visit()
    person.open(path, status=404)
    expect(person.page.get_by_role("alert")).to_be_focused()


def test_what_is_printed_is_the_page_without_what_one_clicks(visit: Visit) -> None:
    person, name = visit(), new_name()
    added_customer(person, name, "")
    person.page.emulate_media(media="print")
    expect(person.page.get_by_label("Copy it into a mail")).to_be_visible()
    for each in ("nav", ".who form", ".button"):
        expect(person.page.locator(each).first).to_be_hidden()


def test_on_a_phone_the_note_for_the_customer_is_seen_whole(visit: Visit) -> None:
    person, name = visit(viewport={"width": 375, "height": 667}), new_name()
    added_customer(person, name, "")
    note = person.page.get_by_label("Copy it into a mail")
    assert note.evaluate("it => it.scrollHeight <= it.clientHeight + 1")


def test_on_a_phone_the_longest_name_stays_on_the_page(visit: Visit) -> None:
    person, name = visit(viewport={"width": 375, "height": 667}), f"{new_name()}-".ljust(100, "x")
    added_customer(person, name, "")
    for path in ("", "/keys/new", "/remove"):
        person.open(f"/customers/{name}{path}")
        assert person.page.evaluate("document.documentElement.scrollWidth") == 375, path
    person.open(f"/customers/{name}")
    person.unfold(f"Disable {name}")
    assert person.page.evaluate("document.documentElement.scrollWidth") == 375


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    return environment.new_user()


def test_a_name_from_right_to_left_turns_nothing_around_it(
    visit: Visit, environment: Environment, customer: NewUser
) -> None:
    person = visit("viewer")
    upload(environment, customer, f"incoming/{RIGHT_TO_LEFT}")
    person.open(f"/customers/{customer.name}")
    person.reload_until(lambda: person.has(RIGHT_TO_LEFT))
    link = person.page.get_by_role("link", name=RIGHT_TO_LEFT)
    expect(link).to_have_css("unicode-bidi", "isolate")
