"""The deployed console, whose sessions end while somebody is at work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.axe import obstacles
from tests.console.deployed import Deployed, deployed


@pytest.fixture
def console() -> Iterator[Deployed]:
    with deployed() as found:
        yield found


@pytest.fixture
def page(browser: Browser, console: Deployed) -> Iterator[Page]:
    """Signed in."""
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    _open(page, "/changes")
    yield page
    context.close()


def _open(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator(".who strong")).to_have_text("operator")


def test_a_search_leads_through_the_sign_in_to_what_was_searched_for(
    console: Deployed, page: Page
) -> None:
    """Browsers hold `form-action` of the page against every redirect of a form, too."""
    console.end_sessions()
    page.get_by_label("Only of").fill("acme")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Changes: acme")


def test_what_was_typed_is_saved_after_a_sign_in_in_another_tab(
    console: Deployed, page: Page
) -> None:
    _open(page, "/routes/edit")
    text = page.get_by_label("The routes").input_value()
    console.end_sessions()
    page.get_by_label("The routes").fill(f"{text}# mine\n")
    page.locator("#checked").get_by_role("link", name="sign in in a new tab").wait_for()
    expect(page.get_by_role("banner")).to_have_count(1)
    _sign_in_elsewhere(page)
    page.get_by_role("button", name="Save and put in force").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")


def test_what_was_sent_too_late_is_sent_again_by_loading_the_page_again(
    console: Deployed, page: Page
) -> None:
    _open(page, "/routes/edit")
    text = page.get_by_label("The routes").input_value()
    page.get_by_label("The routes").fill(f"{text}# mine\n")
    page.locator("#checked").get_by_text("No route changes").wait_for()
    console.end_sessions()
    page.get_by_role("button", name="Save and put in force").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    _sign_in_elsewhere(page)
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Saved")


def test_no_page_of_it_is_hard_to_use_otherwise(console: Deployed, page: Page) -> None:
    found = {}
    _open(page, "/routes/edit")
    found["at work"] = obstacles(page)
    console.end_sessions()
    page.get_by_label("The routes").fill("# mine\n")
    page.locator("#checked").get_by_role("link", name="sign in in a new tab").wait_for()
    found["ended while typing"] = obstacles(page)
    page.get_by_role("button", name="Save and put in force").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    found["ended before saving"] = obstacles(page)
    _open(page, "/changes")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    found["signed out"] = obstacles(page)
    page.goto("/signed-in?state=none")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")
    found["refused"] = obstacles(page)
    assert {name: each for name, each in found.items() if each} == {}


def _sign_in_elsewhere(page: Page) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in in a new tab").first.click()
    expect(opened.value.locator(".who strong")).to_have_text("operator")
    opened.value.close()
