"""The console, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from quillgate.console import errors, security
from quillgate.console.desk import Desk
from quillgate.console.pages import all_pages
from quillgate.console.sign_in import SignIn

_STATIC = Path(__file__).parent / "static"
# Asked for by its name, so that no other site can lead a browser here under its own.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Cookie:
    """The session's cookie: HttpOnly and signed with `secret`; `is_secure` where there is TLS.

    `suffix` tells consoles of one host apart: browsers do not tell cookies by the port.
    """

    secret: str
    is_secure: bool = False
    max_age_seconds: int = 8 * 3600
    suffix: str = ""

    @property
    def name(self) -> str:
        """`__Host-`: browsers take it from this very host only, and over TLS."""
        return f"{'__Host-' if self.is_secure else ''}quillgate{self.suffix}"


def create_app(
    desk: Desk, sign_in: SignIn, cookie: Cookie, hosts: Sequence[str] = LOOPBACK
) -> FastAPI:
    """The whole of it. `hosts`: the names it answers to, without port."""
    app = FastAPI(
        title="Quillgate console",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(security.ours_only)],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            _session(cookie),
            Middleware(BaseHTTPMiddleware, dispatch=security.bounded),
        ],
    )
    app.state.desk, app.state.sign_in = desk, sign_in
    app.middleware("http")(security.add_headers)
    errors.add_handlers(app)
    app.include_router(sign_in.routes())
    for router in all_pages():
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return app


def _session(cookie: Cookie) -> Middleware:
    return Middleware(
        SessionMiddleware,
        secret_key=cookie.secret,
        session_cookie=cookie.name,
        max_age=cookie.max_age_seconds,
        same_site="lax",
        https_only=cookie.is_secure,
    )
