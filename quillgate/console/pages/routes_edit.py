"""`/routes/edit`: change the routes, seeing what that would do before it is done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from quillgate.console.desk import Desk
from quillgate.console.pages.routes_draft import LARGEST_FIELD, Draft, Drafts, etag_of
from quillgate.console.rendering import notify, render
from quillgate.console.visitors import Operator
from quillgate.errors import RoutesChangedError
from quillgate.routes_push import put_in_force

# Empty as well: an empty text is a problem to tell, not a field that is missing.
Text = Annotated[str, Form()]
Etag = Annotated[str, Form(max_length=200)]


def routes() -> APIRouter:
    """The editor. Its form carries the ETag of what was in force when it was begun."""
    router, drafts = APIRouter(), Drafts()

    @router.get("/routes/edit")
    def edit(request: Request, _: Operator) -> Response:
        """The text as it is stored, be it right or wrong."""
        return _editor(request, drafts.begun(_desk(request).deployment))

    @router.post("/routes/check", form_limits={"max_part_size": LARGEST_FIELD})
    def check(request: Request, _: Operator, text: Text = "", etag: Etag = "") -> Response:
        """What is wrong, and what would change: as somebody types, or by the button."""
        draft = drafts.of(_desk(request).deployment, _content(text), etag)
        if request.headers.get("HX-Request"):
            return render(request, "routes/checked.html", draft=draft)
        return _editor(request, draft)

    @router.post("/routes/edit", form_limits={"max_part_size": LARGEST_FIELD})
    def save(request: Request, visitor: Operator, text: Text = "", etag: Etag = "") -> Response:
        """Put it in force, if it would work and nobody else was faster."""
        desk = _desk(request)
        draft = drafts.of(desk.deployment, _content(text), etag)
        if draft.review.problems or draft.is_late:
            return _editor(request, draft, draft.status)
        if draft.is_in_force:
            return _done(request, "These routes are in force already.")
        try:
            put_in_force(desk.deployment, desk.audit(visitor), draft.now, draft.content)
        except RoutesChangedError:
            late = drafts.of(desk.deployment, draft.content, etag)
            return _editor(request, late, late.status)
        return _done(request, "Saved. The new routes are in force within a minute.")

    return router


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _content(text: str) -> bytes:
    """Forms end lines as Windows does, whatever the text had."""
    return text.replace("\r\n", "\n").encode()


def _editor(request: Request, draft: Draft, status: int = 200) -> Response:
    """The page. What somebody else saved is shown beside; saving again replaces it, knowingly."""
    return render(
        request,
        "routes/edit.html",
        status=status,
        is_refused=status == 422,
        draft=draft,
        text=draft.content.decode(errors="replace"),
        etag=etag_of(draft.now),
    )


def _done(request: Request, words: str) -> Response:
    notify(request, words)
    return RedirectResponse("/routes", status_code=303)
