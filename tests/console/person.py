"""A person at the console, who finds things by what they are called - as screen readers do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.integration.support import eventually

# A page that says no is a good answer; browsers report its status as an error all the same.
_A_REFUSAL = re.compile(r"^Failed to load resource: the server responded with a status of 4\d\d")
_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", event =>
  console.error(`forbidden by ${event.violatedDirective}: ${event.blockedURI}`));
"""
_POST = """
([path, fields]) => {
  const csrf = document.querySelector("input[name=csrf]").value;
  const body = new URLSearchParams({csrf, ...fields});
  return fetch(path, {method: "POST", body}).then(answer => answer.status);
}"""
_MOST_TABS = 60

Name = str | re.Pattern[str]


class Person:
    """One browser with one page open. `problems` is what the browser complained of."""

    def __init__(self, browser: Browser, console_url: str, **options: Any) -> None:
        self._context = browser.new_context(base_url=console_url, **options)
        self._context.add_init_script(_REPORT_VIOLATIONS)
        self.problems: list[str] = []
        self._context.on("console", self._heard)
        self._context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self.page = self._context.new_page()

    def leave(self) -> None:
        """Close the browser's windows."""
        self._context.close()

    def second_tab(self) -> Page:
        """One more page of the same browser: it shares the session."""
        return self._context.new_page()

    # Going

    def open(self, path: str, status: int = 200) -> None:
        """Load a page, which must answer with `status`."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"

    def work_as(self, role: str) -> None:
        """Choose a role on the page; leads to the first page."""
        if self.page.url == "about:blank":
            self.open("/changes")
        self.page.get_by_label("Work as").select_option(role)
        self.press("Change role")
        expect(self.page.locator(".who strong")).to_have_text(role)

    # Doing

    def fill(self, label: Name, text: str) -> None:
        """Type into a field."""
        self.field(label).fill(text)

    def press(self, name: Name) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: Name) -> None:
        """Follow a link."""
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def unfold(self, words: str) -> None:
        """Show what is folded away."""
        self.page.locator("summary").filter(has_text=words).first.click()

    def field(self, label: Name) -> Locator:
        """The field of a label."""
        return self.page.get_by_label(label, exact=True).first

    def tab_to(self, there: Locator) -> None:
        """Go to a link, field or button with the keyboard, from where one is."""
        for _ in range(_MOST_TABS):
            if there.evaluate("it => it === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        expect(there).to_be_focused()

    def post(self, path: str, **fields: str) -> int:
        """Send a form by hand, with the session's token; gives the status."""
        status: int = self.page.evaluate(_POST, [path, fields])
        return status

    # Looking

    @property
    def content(self) -> Locator:
        """The page without its head."""
        return self.page.locator("main")

    def sees(self, text: Name) -> None:
        """Such a text is there, or comes."""
        expect(self.content).to_contain_text(text)

    def has(self, *texts: str) -> None:
        """Such texts are there now. Raises AssertionError."""
        shown = self.content.inner_text()
        assert not [text for text in texts if text not in shown]

    def sees_no(self, text: Name) -> None:
        """No such text is there, or it goes away."""
        expect(self.content).not_to_contain_text(text)

    def is_told(self, text: Name) -> None:
        """The page says how the last change ended."""
        expect(self.page.get_by_role("status").first).to_contain_text(text)

    def is_warned(self, text: Name) -> None:
        """The page says what is wrong."""
        found = self.page.get_by_role("alert").filter(has_text=text)
        expect(found.first).to_be_visible()

    def reload_until(self, look: Callable[[], None]) -> None:
        """Load the page again until `look` raises nothing."""

        def loaded() -> None:
            self.page.reload()
            look()

        eventually(loaded)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _A_REFUSAL.match(message.text):
            self.problems.append(message.text)
