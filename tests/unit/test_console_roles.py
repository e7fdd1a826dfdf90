"""Who may do what at the console: each page and action, for each role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from quillgate.console.pages import all_pages
from quillgate.console.sign_in import ChosenRole
from quillgate.console.visitors import Needs, Role
from tests.unit.console_fakes import browser, console

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


def test_nothing_is_served_but_those_and_our_own_files() -> None:
    """Else a page might be added that no test here knows."""
    app = console()
    paths = app.openapi()["paths"].items()
    served = {(method.upper(), path) for path, methods in paths for method in methods}
    assert served == {(method, route.path) for method, route in _actions()}
    others = [each for each in app.routes if isinstance(each, Mount | Route)]
    assert [each.path for each in others if not isinstance(each, APIRoute)] == ["/static"]


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
    answer = holder(role).request(method, address(path))
    assert answer.status_code == 403
    assert f"yours is {role.word}" in answer.text


def address(path: str) -> str:
    """Any of that path."""
    return path.replace("{", "").replace("}", "")


def holder(role: Role) -> TestClient:
    """A browser that sends the session's token along, so that it is the role that decides."""
    visitor = browser(role.word)
    visitor.client.headers["X-CSRF-Token"] = visitor.token()
    return visitor.client


_WRITTEN = (
    *("{}/", "/{}", "{};a", "{}%00", "{}%2F"),
    *("/static/..{}", "/static/%2e%2e{}", "/customers/..{}"),
)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT])
def test_no_other_way_to_write_an_address_gets_past(role: Role) -> None:
    client = holder(role)
    guarded = {(method, address(path)) for method, path, smaller in _GUARDED if smaller is role}
    # Written otherwise it is the page of a customer, which anybody may see.
    for method, path in guarded - {("GET", "/customers/new")}:
        for written in _WRITTEN:
            answer = client.request(method, written.format(path))
            assert answer.status_code in (403, 404, 405), (method, path, written)


# Other methods than its own lead to a customer of that name.
_AS_A_NAME = {"/customers/new"}
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")


def test_there_is_no_other_way_to_ask_than_the_pages_have() -> None:
    """Nor is a method believed that stands in a header or in the address."""
    client, known = holder(Role.OPERATOR), {(method, address(r.path)) for method, r in _actions()}
    client.headers["X-HTTP-Method-Override"] = "POST"
    for path in {path for _, path in known}:
        for method in _METHODS:
            if (method, path) not in known and path not in _AS_A_NAME:
                answer = client.request(method, f"{path}?_method=POST")
                assert answer.status_code == 405, (method, path)
