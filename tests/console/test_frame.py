"""What all pages share: roles, keyboard, phones, forms of our own only."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Visit


def test_the_role_is_chosen_on_the_page_and_shown_as_such(visit: Visit) -> None:
    person = visit("viewer")
    expect(person.page.locator("header")).to_contain_text("the role is chosen here")
    person.work_as("operator")
    person.open("/changes")
    expect(person.page.locator(".who strong")).to_have_text("operator")


def test_a_keyboard_leads_past_the_head_to_the_content(visit: Visit) -> None:
    person = visit()
    person.open("/changes")
    person.page.keyboard.press("Tab")
    skip = person.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    person.page.keyboard.press("Enter")
    person.page.keyboard.press("Tab")
    expect(person.field("Only of")).to_be_focused()


def test_a_form_without_the_sessions_token_changes_nothing(visit: Visit) -> None:
    person = visit("viewer")
    person.page.evaluate("document.querySelector('input[name=csrf]').value = 'guessed'")
    person.page.get_by_label("Work as").select_option("operator")
    person.press("Change role")
    person.is_warned("too old or not ours")
    person.open("/changes")
    expect(person.page.locator(".who strong")).to_have_text("viewer")


def test_an_unknown_page_leads_back(visit: Visit) -> None:
    person = visit()
    person.open("/nowhere", status=404)
    person.sees("There is no such page")
    person.follow("Back to the start")
    expect(person.page).not_to_have_url("/nowhere")
