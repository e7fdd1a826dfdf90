"""What goes wrong at the console, as a page: in words, with a status, and never a traceback."""

from __future__ import annotations

import logging
import traceback
from urllib.parse import urlencode, urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sftp_watchdog.errors import WatchdogError
from starlette.exceptions import HTTPException

from quillgate.console.rendering import is_part, render
from quillgate.console.typed import shown_again
from quillgate.errors import (
    NotRunningError,
    NoUploadError,
    OrderError,
    QuillgateError,
    TargetError,
)

_log = logging.getLogger(__name__)
# What asked may be looking for a part that no problem has, or be replaced by what it gets.
_IN_ITS_PLACE = {"HX-Reswap": "innerHTML", "HX-Reselect": ".problems"}
# What the framework has no words for that help anybody.
_WORDS = {
    400: (
        "Nothing was changed",
        "what was sent is far too long, or did not arrive whole - go back, and send less",
    ),
    404: ("There is no such page", "the address is none of this console's - choose an area above"),
    405: (
        "That cannot be done here",
        "only a button leads to it - go back to its page",
    ),
}


class NotSignedInError(Exception):
    """Nobody has signed in yet: they are sent to do so."""


class NotAllowedError(Exception):
    """The visitor's role is too small for what was asked."""

    def __init__(self, role: str, needed: str) -> None:
        super().__init__(f"this needs the role {needed}; yours is {role}")


class NotOursError(Exception):
    """A change that was not asked for from one of the console's own pages, or from one too old.

    `typed` is the long text that came with it, to be shown again: browsers do not keep it.
    """

    def __init__(self, typed: str = "") -> None:
        self.typed = shown_again(typed)
        super().__init__("the page was too old or not ours - go back, load it again, and repeat")


def add_handlers(app: FastAPI) -> None:
    """Turn what is known to go wrong into a page; the rest is `unexpected`."""
    app.add_exception_handler(NotSignedInError, _sign_in)
    app.add_exception_handler(NotAllowedError, _forbidden)
    app.add_exception_handler(NotOursError, _not_ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(NoUploadError, _missing)
    app.add_exception_handler(TargetError, _missing)
    app.add_exception_handler(NotRunningError, _not_running)
    app.add_exception_handler(OrderError, _refused)
    for kind in (QuillgateError, WatchdogError, ClientError, BotoCoreError):
        app.add_exception_handler(kind, _failed)


def problem(request: Request, status: int, title: str, words: str) -> Response:
    """A page that says what is wrong and what to do; to htmx no more than that, for its place."""
    may_pass = status >= 502
    return _told(request, "problem", status, title=title, words=words, may_pass=may_pass)


def unexpected(request: Request, error: Exception) -> Response:
    """A page for what nobody thought of.

    Its text may hold what a person typed: the type says enough, and the log has the place.
    """
    kind, place = type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s %r: %s\n%s", request.method, request.url.path, kind, place)
    words = f"unexpected: {kind} - try again, and tell an operator"
    return problem(request, 500, "Something went wrong", words)


def _told(request: Request, template: str, status: int, **values: str | bool) -> Response:
    if not is_part(request):
        return render(request, f"{template}.html", status=status, **values)
    answer = render(request, f"{template}_part.html", status=status, **values)
    answer.headers.update(_IN_ITS_PLACE)
    return answer


def _sign_in(request: Request, _: Exception) -> Response:
    """To the sign-in, from wherever nothing is lost by that; else a link to it, in another tab."""
    query = urlencode({"next": _asked_for(request)})
    where = f"{request.app.state.sign_in.path}?{query}"
    if request.method != "GET":
        return _told(request, "signed_out_meanwhile", 401, where=where)
    if is_part(request):
        return Response(status_code=401, headers={"HX-Redirect": where})
    # No redirect: from a form, such as a search, browsers follow none that ends at another site.
    answer = render(request, "sign_in.html", status=401, where=where)
    answer.headers["Refresh"] = f"0; url={where}"
    return answer


def _asked_for(request: Request) -> str:
    """The page to come back to: the one shown; a change that was not made is not made later."""
    if shown := request.headers.get("HX-Current-URL"):
        parts = urlsplit(shown)
    elif request.method == "GET":
        parts = urlsplit(str(request.url))
    else:
        return "/"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _forbidden(request: Request, error: Exception) -> Response:
    return problem(request, 403, "That is not allowed", str(error))


def _not_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotOursError)  # noqa: S101  # Starlette's contract
    values = {"title": "That is not allowed", "words": str(error), "typed": error.typed}
    return _told(request, "problem", 403, may_pass=False, **values)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # Starlette's contract
    title, words = _WORDS.get(error.status_code, ("That did not work", str(error.detail)))
    return problem(request, error.status_code, title, words)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # Starlette's contract
    names = sorted({str(each["loc"][-1]) for each in error.errors()})
    words = f"missing or not usable: {', '.join(names)} - go back and fill it in"
    return problem(request, 422, "Something is missing", words)


def _missing(request: Request, error: Exception) -> Response:
    return problem(request, 404, "Not found", str(error))


def _not_running(request: Request, error: Exception) -> Response:
    return problem(request, 503, "It is not running at this moment", str(error))


def _refused(request: Request, error: Exception) -> Response:
    return problem(request, 409, "That was not done", str(error))


def _failed(request: Request, error: Exception) -> Response:
    _log.warning("%s %r: %s", request.method, request.url.path, error)
    return problem(request, 502, "That did not work", str(error))
