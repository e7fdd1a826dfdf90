"""The deployed console in this process, on fakes, and a provider at another site to sign in at."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.groups import Groups
from quillgate.console.oidc import CALLBACK, OidcSignIn
from quillgate.console.provider import Client, Provider
from tests import identity_provider
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, Key
from tests.unit.oidc_fakes import SECONDS, Clock
from tests.unit.routes_fakes import place, toml


@dataclass(frozen=True)
class Deployed:
    """Where it is; `end_sessions` lets so much time pass."""

    url: str
    clock: Clock

    def end_sessions(self) -> None:
        """Whoever is in has to sign in again."""
        self.clock.seconds += SECONDS


@contextmanager
def deployed() -> Iterator[Deployed]:
    """Everybody is an operator."""
    listener = socket.create_server(("127.0.0.1", 0))
    url, clock = f"http://127.0.0.1:{listener.getsockname()[1]}", Clock()
    with identity_provider.running(f"{url}{CALLBACK}", Key("first")) as provider:
        provider.person["groups"] = ["ops"]
        client = Client(CLIENT_ID, lambda: CLIENT_SECRET, f"{url}{CALLBACK}")
        sign_in = OidcSignIn(
            Provider(provider.url, client, clock), Groups("groups", operator="ops"), url, SECONDS,
            clock,
        )  # fmt: skip
        stack = place(toml()).deployment
        with served(create_app(Desk(lambda: stack), sign_in, Cookie("secret")), listener):
            yield Deployed(url, clock)


@contextmanager
def served(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """Until the end of the block."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
