"""Templates: everything in them is escaped, and they know who looks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from quillgate.operate.words import age, moment, safe, short

_FOLDER = Path(__file__).parent / "templates"
# Browsers keep 4,096 bytes of a cookie; of other letters than English ones each takes up to 12.
_LONGEST_NOTICE, _PER_LETTER = 1000, 6
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """The page `template` with `values`, beside what every page shows: visitor, stack, notice."""
    shared = {
        "visitor": request.app.state.sign_in.visitor(request),
        "sign_in": request.app.state.sign_in,
        "stack": request.app.state.desk.title,
        "csrf": request.session.get("csrf", ""),
        # A part of a page must not take away what the page is to show.
        "notice": None if is_part(request) else request.session.pop("notice", None),
        "here": request.url.path,
    }
    return _templates.TemplateResponse(request, template, {**shared, **values}, status_code=status)


def is_part(request: Request) -> bool:
    """Whether htmx asks, for a part of the page that is shown."""
    return "HX-Request" in request.headers


def notify(request: Request, words: str) -> None:
    """Show `words` on the next page, or as many as the session's cookie has room for."""
    most = _LONGEST_NOTICE if words.isascii() else _LONGEST_NOTICE // _PER_LETTER
    request.session["notice"] = short(words, most)


def ago(text: str | None) -> str:
    """`5 min ago`."""
    return f"{age(text, datetime.now(UTC))} ago" if text else ""


def size(count: int) -> str:
    """`1.2 MB`."""
    value = float(count)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            return f"{count} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "ago": ago, "size": size, "safe_text": safe}
    return environment


_templates = Jinja2Templates(env=_environment())
