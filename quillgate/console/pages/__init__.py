"""The pages, one module for each area. All of one kind: `routes()` gives a router."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter

from quillgate.console.pages import (
    changes,
    customer_keys,
    customer_new,
    customer_one,
    customer_state,
    customers,
    dead_letters,
    health,
    home,
    routes,
    routes_edit,
    routes_versions,
    upload,
    uploads,
)


def all_pages() -> Iterator[APIRouter]:
    """In the order of the navigation."""
    yield home.routes()
    yield customers.routes()
    # Before those of one customer: `/customers/new` is no customer's page.
    yield customer_new.routes()
    yield customer_one.routes()
    yield customer_keys.routes()
    yield customer_state.routes()
    yield uploads.routes()
    yield upload.routes()
    yield dead_letters.routes()
    yield routes.routes()
    yield routes_edit.routes()
    yield routes_versions.routes()
    yield health.routes()
    yield changes.routes()
