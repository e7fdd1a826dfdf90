"""The pages, one module for each area. All of one kind: `routes()` gives a router."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter

from quillgate.console.pages import (
    changes,
    home,
    routes,
    routes_edit,
    routes_versions,
)


def all_pages() -> Iterator[APIRouter]:
    """In the order of the navigation."""
    yield home.routes()
    yield routes.routes()
    yield routes_edit.routes()
    yield routes_versions.routes()
    yield changes.routes()
