"""The deployed console in this process, an identity provider beside it, and a browser for both."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from httpx2 import Response
from starlette.testclient import TestClient

from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.groups import Groups
from quillgate.console.oidc import CALLBACK, OidcSignIn
from quillgate.console.provider import Client, Provider
from tests import identity_provider
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, Key
from tests.unit.console_fakes import Browser
from tests.unit.operate_fakes import Place

HOST = "console.example.com"
URL = f"https://{HOST}"
SECONDS = 3600


class Clock:
    """Seconds, as far as one turns it."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class Person:
    """Somebody at a browser, the console and the provider that it leads to."""

    client: TestClient
    provider: identity_provider.Provider
    clock: Clock
    new_browser: Callable[[], TestClient]

    @property
    def sign_in_routes(self) -> APIRouter:
        app: Any = self.client.app
        routes: APIRouter = app.state.sign_in.routes()
        return routes

    @property
    def browser(self) -> Browser:
        return Browser(self.client)

    def get(self, path: str, **options: Any) -> Response:
        """Without following redirects."""
        return self.client.get(path, follow_redirects=False, **options)

    def leave_for_provider(self, path: str = "/sign-in?next=/changes") -> str:
        """Begin a sign-in; gives the way back to us that the provider answers with."""
        answer = self.get(path)
        assert answer.status_code == 303, answer.text
        return follow(answer.headers["Location"])

    def sign_in(self, path: str = "/sign-in?next=/changes") -> Response:
        """The whole way, to the page that is then shown, or to what is said instead."""
        return self.client.get(self.leave_for_provider(path))

    def is_in(self) -> bool:
        return self.get("/changes").status_code == 200


class _Stay(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


def follow(url: str) -> str:
    """Where the provider sends the browser next."""
    with urllib.request.build_opener(_Stay).open(url, timeout=10) as answer:
        return str(answer.headers["Location"])


@contextmanager
def person(key: Key, *, key_pause_seconds: float = 0, **groups: str) -> Iterator[Person]:
    """The console's roles are the groups `viewer`, `support` and `operator`, unless named."""
    names = {"viewer": "viewer", "support": "support", "operator": "operator", **groups}
    with identity_provider.running(f"{URL}{CALLBACK}", key) as provider:
        clock = Clock()
        client = Client(CLIENT_ID, lambda: CLIENT_SECRET, f"{URL}{CALLBACK}")
        ours = Provider(provider.url, client, clock, key_pause_seconds)
        sign_in = OidcSignIn(ours, Groups("groups", **names), URL, SECONDS, clock)
        deployment = Place().deployment
        app = create_app(
            Desk(lambda: deployment), sign_in, Cookie("secret", is_secure=True), (HOST,)
        )

        def browser() -> TestClient:
            return TestClient(app, base_url=URL)

        yield Person(browser(), provider, clock, browser)
