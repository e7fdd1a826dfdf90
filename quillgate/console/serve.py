"""Serves the console on this machine, until SIGTERM or SIGINT."""

from __future__ import annotations

import secrets
import socket

import uvicorn

from emulator.quill.server import listen
from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.sign_in import ChosenRole
from quillgate.errors import StartError
from quillgate.ports import HOST


def listener_on(port: int, host: str = HOST) -> socket.socket:
    """Take the port, or with 0 any that is free. Raises StartError when it is taken."""
    try:
        return listen(host, port)
    except OSError as error:
        raise StartError("port in use (console)", str(port), "another one: --port N") from error


def serve(desk: Desk, who: str, listener: socket.socket) -> None:
    """Stay until a signal ends it. Sessions end with the process: its secret is its own."""
    app = create_app(desk, ChosenRole(who), local_cookie(listener.getsockname()[1]))
    config = uvicorn.Config(
        app, ws="none", log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    uvicorn.Server(config).run([listener])


def local_cookie(port: int) -> Cookie:
    """Of a console on this machine: another one, on another port, has another."""
    return Cookie(secrets.token_urlsafe(32), suffix=f"-{port}")
