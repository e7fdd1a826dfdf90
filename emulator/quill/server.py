"""uvicorn, with the one thing it lacks: dropping a connection without an answer."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from fastapi import Request, Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

_DROP = "drop_connection"


class DroppableProtocol(H11Protocol):
    """Hands each request a way to abort its connection, by ASGI's own `scope["state"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by asyncio for each connection; `abort` forgets what is not sent yet."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _DROP: self._abort}

    def _abort(self) -> None:
        self.loop.call_soon_threadsafe(self.transport.abort)


def drop_connection(request: Request) -> Response:
    """Closes the TCP connection. The response returned is for the framework; it reaches nobody.

    Raises `RuntimeError` when the server is not `make_server`'s.
    """
    abort = getattr(request.state, _DROP, None)
    if abort is None:
        raise RuntimeError("dropping needs DroppableProtocol: 'another server' - use make_server")
    abort()
    return Response(status_code=500)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `OSError`, as when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # Connections inherit it; asyncio sets it only on sockets it made. Without, answers take 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def make_server(app: ASGIApp) -> uvicorn.Server:
    """To be run on `listen`'s socket; stops within about a second of SIGTERM, calls or not."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=DroppableProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
