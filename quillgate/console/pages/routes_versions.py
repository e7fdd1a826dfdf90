"""`/routes/versions`: who put what in force and when; look at it, and put it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from quillgate import routes_versions
from quillgate.console.desk import Desk
from quillgate.console.pages.routes_draft import Draft, Drafts, etag_of
from quillgate.console.rendering import notify, render
from quillgate.console.visitors import Operator, Viewer
from quillgate.errors import ConfigError, RoutesChangedError, TargetError
from quillgate.operate.routing import routing
from quillgate.operate.words import safe
from quillgate.routes_push import put_in_force
from quillgate.routes_store import RoutesStore, Stored

_SHOWN = 50
# AWS: opaque, of at most 1,024 bytes.
_LONGEST_ID = 1024


def routes() -> APIRouter:
    """The list, and each version by itself: that page says what putting it back would change."""
    router, drafts = APIRouter(), Drafts()

    @router.get("/routes/versions")
    def versions(
        request: Request,
        _: Viewer,
        after: Annotated[str, Query(max_length=_LONGEST_ID, pattern="^[!-~]*$")] = "",
    ) -> Response:
        """The newest first."""
        now = routing(_desk(request).deployment)
        page = routes_versions.page(_store(request), now.routes, _SHOWN, after)
        return render(request, "routes/versions.html", page=page)

    @router.get("/routes/version")
    def version(
        request: Request, _: Viewer, version_id: Annotated[str, Query(max_length=_LONGEST_ID)]
    ) -> Response:
        """Its text, and what would change."""
        stored = _stored(request, version_id)
        draft = drafts.of(_desk(request).deployment, stored.content)
        return _version(request, stored, draft)

    @router.post("/routes/version")
    def undo(
        request: Request,
        visitor: Operator,
        version_id: Annotated[str, Form(max_length=_LONGEST_ID)],
        etag: Annotated[str, Form(max_length=200)] = "",
    ) -> Response:
        """Put it back in force, as a new version; `etag` is of what the page compared it with."""
        desk, stored = _desk(request), _stored(request, version_id)
        draft = drafts.of(desk.deployment, stored.content, etag)
        if draft.review.problems or draft.is_late or draft.is_in_force:
            return _version(request, stored, draft, draft.status)
        try:
            put_in_force(
                desk.deployment, desk.audit(visitor), draft.now, stored.content, "routes undo"
            )
        except RoutesChangedError:
            late = drafts.of(desk.deployment, stored.content, etag)
            return _version(request, stored, late, late.status)
        notify(request, "Put back. These routes are in force within a minute.")
        return RedirectResponse("/routes", status_code=303)

    return router


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _store(request: Request) -> RoutesStore:
    return RoutesStore.at(_desk(request).deployment)


def _stored(request: Request, version_id: str) -> Stored:
    """The version that was asked for. Raises TargetError, in this page's words, when it is none."""
    try:
        return _store(request).read_version(version_id)
    except ConfigError as error:
        advice = "choose one from the list of versions"
        raise TargetError("no such version of the routes", safe(version_id), advice) from error


def _version(request: Request, stored: Stored, draft: Draft, status: int = 200) -> Response:
    return render(
        request,
        "routes/version.html",
        status=status,
        stored=stored,
        draft=draft,
        text=stored.content.decode(errors="replace"),
        etag=etag_of(draft.now),
    )
