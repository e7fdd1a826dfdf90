"""The pages, one module for each area. All of one kind: `routes()` gives a router."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter

from quillgate.console.pages import changes, home


def all_pages() -> Iterator[APIRouter]:
    """In the order of the navigation."""
    yield home.routes()
    yield changes.routes()
