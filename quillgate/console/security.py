"""What keeps others out of a visitor's session: headers, hosts, and forms of our own only."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request, Response

from quillgate.console.errors import NotOursError, problem, unexpected

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# More than any form of ours.
_LARGEST_REQUEST = 20_000_000
# Fields of our forms that nobody types twice: routes, and keys.
_LONG = ("text", "keys")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


async def add_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Middleware: what browsers are told of every answer, also of one that went wrong."""
    try:
        response = await call_next(request)
    except Exception as error:  # what is behind this would answer without headers
        response = unexpected(request, error)
    response.headers.update(_HEADERS)
    is_same_for_all = request.url.path.startswith("/static/")
    response.headers.setdefault("Cache-Control", "no-cache" if is_same_for_all else "no-store")
    if request.url.scheme == "https":
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


async def bounded(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Middleware: what is too large is not read. A form is, before anybody asks whose it is."""
    if int(request.headers.get("Content-Length", 0)) > _LARGEST_REQUEST:
        words = f"at most {_LARGEST_REQUEST:,} bytes can be sent - take another file, or less text"
        return problem(request, 413, "That is too large", words)
    return await call_next(request)


async def ours_only(request: Request) -> None:
    """Dependency of the whole app: a change must come from a page of ours.

    It carries the session's token, in the form or in a header; and where the browser says where the
    request comes from, that is here. Raises NotOursError.
    """
    if "csrf" not in request.session:
        request.session["csrf"] = secrets.token_urlsafe(24)
    if request.method in _SAFE_METHODS:
        return
    if not _is_from_here(request):
        raise NotOursError
    if not _is_known(request, await _token(request)):
        raise NotOursError(await _typed(request))


def _is_from_here(request: Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    here = request.headers.get("Host")
    return site == "same-origin" and (origin is None or urlsplit(origin).netloc == here)


async def _token(request: Request) -> str:
    given = request.headers.get("X-CSRF-Token")
    return given if given is not None else str((await request.form()).get("csrf", ""))


async def _typed(request: Request) -> str:
    form = await request.form()
    return "\n".join(str(form[name]) for name in _LONG if name in form)


def _is_known(request: Request, token: str) -> bool:
    return hmac.compare_digest(token.encode(), request.session["csrf"].encode())
