"""The console while its stack is not there, or does not answer."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from botocore.exceptions import EndpointConnectionError
from playwright.sync_api import Browser

from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.sign_in import ChosenRole
from quillgate.errors import NotRunningError
from quillgate.operate.deployment import Deployment
from tests.console.axe import obstacles
from tests.console.deployed import served
from tests.console.person import Person


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
