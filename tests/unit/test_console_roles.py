"""Who may do what at the console: each page and action, for each role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from quillgate.console.pages import all_pages
from quillgate.console.sign_in import ChosenRole
from quillgate.console.visitors import Needs, Role
from tests.unit.console_fakes import browser

# For everybody, signed in or not.
_OPEN = {("GET", "/_console/health")}


def _actions() -> Iterator[tuple[str, APIRoute]]:
    for router in (ChosenRole("kim").routes(), *all_pages()):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield from ((method, route) for method in route.methods or ())


def _needs(dependant: Dependant) -> Iterator[Role]:
    if isinstance(dependant.call, Needs):
        yield dependant.call.role
    for each in dependant.dependencies:
        yield from _needs(each)


def test_every_page_and_action_says_which_role_it_needs() -> None:
    silent = {
        (method, route.path) for method, route in _actions() if not list(_needs(route.dependant))
    }
    assert silent == _OPEN


def test_viewers_change_nothing_but_their_role() -> None:
    changing = {
        (method, route.path)
        for method, route in _actions()
        if method != "GET" and Role.VIEWER in _needs(route.dependant)
    }
    assert changing == {("POST", "/role")}


_GUARDED = [
    (method, route.path, role)
    for method, route in _actions()
    for needed in _needs(route.dependant)
    for role in Role
    if role < needed
]


@pytest.mark.parametrize(("method", "path", "role"), _GUARDED)
def test_smaller_roles_are_refused(method: str, path: str, role: Role) -> None:
    visitor = browser(role.word)
    place = path.replace("{", "").replace("}", "").replace(":path", "")
    answer = visitor.post(place) if method == "POST" else visitor.get(place)
    assert answer.status_code == 403
    assert f"yours is {role.word}" in answer.text
