"""Writes docs/pictures: the console, with customers and files as they might be."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, expect

from tests.console.chromium import chromium
from tests.console.conftest import SOON_DEAD
from tests.console.person import Person
from tests.console.stage import KEY, set_stage
from tests.console.tasks import ROUTES
from tests.integration.support import start_environment, stop_as_by_hand

_FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_PAGES = {
    "customers": "/customers",
    "customer": "/customers/bakery-north",
    "uploads": "/uploads",
    "file": f"/uploads/one?key={quote(KEY, safe='')}",
    "dead-letters": "/dead-letters",
    "health": "/health",
    "changes": "/changes",
}
_WIDE, _PHONE = {"width": 1200, "height": 800}, {"width": 375, "height": 812}


def main() -> None:
    """Start an environment of its own, set the stage, take the pictures."""
    stop_as_by_hand()
    # Who the console says it is: the machine's user, who is nobody in particular here.
    os.environ["LOGNAME"] = "kim"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with start_environment(folder / "state", *SOON_DEAD) as running, chromium() as browser:
            set_stage(running, folder)
            take(browser, running.environment.console_url)


def take(browser: Browser, console_url: str) -> None:
    """Each page once, as an operator sees it, and one as it is on a phone."""
    _FOLDER.mkdir(exist_ok=True)
    person = Person(browser, console_url, viewport=_WIDE)
    person.work_as("operator")
    for name, path in _PAGES.items():
        person.open(path)
        _picture(person, name)
    _type_routes(person)
    _picture(person, "routes")
    caller = Person(browser, console_url, viewport=_PHONE)
    caller.work_as("support")
    caller.open("/customers")
    _picture(caller, "phone")


def _type_routes(person: Person) -> None:
    """A change by which a file would go elsewhere, with what the page says of it in sight."""
    person.open("/routes/edit")
    text = person.field(ROUTES).input_value()
    person.fill(ROUTES, text.replace('"garden-centre/incoming"', '"garden-centre/prices"'))
    checked = person.page.locator("#checked")
    expect(checked).to_contain_text("garden-centre/prices")
    checked.scroll_into_view_if_needed()


def _picture(person: Person, name: str) -> None:
    file = _FOLDER / f"{name}.png"
    person.page.wait_for_load_state("networkidle")
    person.page.screenshot(path=file)
    sys.stdout.write(f"{file.name}: {file.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
