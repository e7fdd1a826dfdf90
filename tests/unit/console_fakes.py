"""The console in this process, on fakes: what a browser would get, without one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.sign_in import ChosenRole
from tests.unit.operate_fakes import NOW, Place
from tests.unit.users_fakes import Stack

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True)
class Browser:
    """A visitor's browser: keeps cookies, and sends forms as our pages do."""

    client: TestClient

    def get(self, path: str, **options: Any) -> Response:
        """Load a page; redirects are followed."""
        return self.client.get(path, **options)

    def post(self, path: str, **fields: str) -> Response:
        """Send a form with the session's token."""
        return self.client.post(path, data={**fields, "csrf": self.token()})

    def token(self) -> str:
        """The token that our forms carry."""
        found = _TOKEN.search(self.client.get("/changes").text)
        assert found
        return found[1]


def console(place: Place | Stack | None = None) -> FastAPI:
    """The app as it is served locally, on a stack of fakes."""
    deployment = (place or Place()).deployment
    desk = Desk(lambda: deployment)
    desk.now = lambda: NOW
    return create_app(desk, ChosenRole("kim"), Cookie("secret"))


def browser(role: str = "viewer", place: Place | Stack | None = None) -> Browser:
    """Somebody who works in `role`."""
    found = Browser(TestClient(console(place), base_url="http://127.0.0.1"))
    # Not followed: the first page asks Transfer, which few tests have.
    form = {"role": role, "csrf": found.token()}
    assert found.client.post("/role", data=form, follow_redirects=False).status_code == 303
    return found
