"""Debian's Chromium, driven by Playwright: no browser is fetched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# What is awaited is there within a second; a busy machine takes longer.
_PATIENCE_MILLISECONDS = 20_000


class NoChromiumError(Exception):
    """There is none on this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Raises NoChromiumError."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if not path:
        raise NoChromiumError("no Chromium here - install it: make test-console")
    expect.set_options(timeout=_PATIENCE_MILLISECONDS)
    # Its sandbox does not work for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
