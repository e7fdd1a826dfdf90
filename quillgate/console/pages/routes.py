"""`/routes`: which upload goes to which project, and which route a file would take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from sftp_watchdog.routes import Routes

from quillgate.console.errors import problem
from quillgate.console.rendering import render
from quillgate.console.typed import SearchedFor
from quillgate.console.visitors import Viewer
from quillgate.operate.routing import Routing, routing

_SHOWN = 100
Key = Annotated[SearchedFor, Query(max_length=1024)]


@dataclass(frozen=True)
class Answer:
    """What becomes of a file, in a sentence."""

    words: str
    is_taken: bool


def routes() -> APIRouter:
    """What is in force; everybody may look."""
    router = APIRouter()

    @router.get("/routes")
    def in_force(
        request: Request,
        _: Viewer,
        key: Key = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        """A hundred at a time, in the order of the file; `key` is tried on all of them."""
        now = _routing(request)
        found = now.routes.routes if now.routes else ()
        first = (page - 1) * _SHOWN
        return render(
            request,
            "routes/index.html",
            now=now,
            shown=found[first : first + _SHOWN],
            next_page=page + 1 if len(found) > first + _SHOWN else None,
            key=key,
            answer=_answer(now.routes, key),
        )

    @router.get("/routes/try")
    def try_key(request: Request, _: Viewer, key: Key = "") -> Response:
        """The answer alone, as somebody types."""
        answer = _answer(_routing(request).routes, key)
        return render(request, "routes/answer.html", answer=answer)

    @router.get("/routes/text")
    def text(request: Request, _: Viewer) -> Response:
        """`watchdog.config` as it is stored."""
        stored = _routing(request).stored
        if not stored:
            return problem(request, 404, "Not found", "there is no watchdog.config")
        return PlainTextResponse(stored.content)

    return router


def _routing(request: Request) -> Routing:
    return routing(request.app.state.desk.deployment)


def _answer(routes: Routes | None, key: str) -> Answer | None:
    if not key:
        return None
    if not routes:
        return Answer("no routes are in force", is_taken=False)
    return Answer(routes.explain(key), routes.find(key) is not None)
