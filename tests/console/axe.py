"""axe-core on a page: what is hard to use for people who see, hear or move otherwise."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_SCRIPT = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
_ENOUGH = ("serious", "critical")


class NoAxeError(Exception):
    """It is not installed."""


def obstacles(page: Page) -> list[str]:
    """What is serious or critical: the rule, what it is about, and where. Raises NoAxeError."""
    page.evaluate(_script())
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: {node['html'][:120]}"
        for each in found
        for node in each["nodes"]
        if each["impact"] in _ENOUGH
    ]


@cache
def _script() -> str:
    if not _SCRIPT.exists():
        raise NoAxeError("axe-core is not installed - run: make test-console")
    return _SCRIPT.read_text()
