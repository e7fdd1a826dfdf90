"""The console while its stack is not there, or does not answer."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

import pytest
from botocore.exceptions import EndpointConnectionError
from playwright.sync_api import Browser, expect

from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.sign_in import ChosenRole
from quillgate.errors import NotRunningError
from quillgate.operate.deployment import Deployment
from tests.console.axe import obstacles
from tests.console.deployed import served
from tests.console.person import Person
from tests.console.tasks import ROUTES
from tests.integration.support import Environment


class MishapError(Exception):
    """Nobody has thought of it."""


def _not_running() -> Deployment:
    raise NotRunningError("not ready yet", ".quillgate", "wait until `up` says so")


def _no_answer() -> Deployment:
    raise EndpointConnectionError(endpoint_url="https://cloudformation.example")


def _mishap() -> Deployment:
    raise MishapError


@pytest.mark.parametrize(
    ("look_up", "status", "words"),
    [
        (_not_running, 503, "It is not running at this moment"),
        (_no_answer, 502, "This may be over in a minute"),
        (_mishap, 500, "tell an operator"),
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_says_so_to_everybody(
    browser: Browser, look_up: Callable[[], Deployment], status: int, words: str, scheme: str
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(Desk(look_up), ChosenRole("kim"), Cookie("secret"))
    with served(app, listener):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        person = Person(browser, url, color_scheme=scheme)
        person.open("/customers", status=status)
        person.sees(words)
        assert obstacles(person.page) == []
        person.leave()


@pytest.mark.parametrize(
    ("path", "label", "place"),
    [
        ("/customers", "Search by name", "#found"),
        ("/routes", "Folder and file name", "#answer"),
        ("/routes/edit", ROUTES, "#checked"),
    ],
)
def test_no_answer_is_not_taken_for_the_one_before(
    browser: Browser, environment: Environment, path: str, label: str, place: str
) -> None:
    """While one types; the browser's own complaints are no problem then."""
    person = Person(browser, environment.console_url)
    person.work_as("operator")
    person.open(path)
    person.page.route("**/*", lambda route: route.abort())
    person.fill(label, "x")
    person.is_warned("cannot be reached")
    person.page.unroute("**/*")
    person.fill(label, "xy")
    expect(person.page.locator(place)).not_to_contain_text("cannot be reached")
    expect(person.page.locator(place)).to_contain_text(re.compile("."))
    person.leave()
