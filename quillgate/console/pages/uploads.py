"""`/uploads`: what came in and what became of it, live; and the way to one file."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi import Query as Asked
from fastapi.responses import RedirectResponse

from quillgate.console.desk import Desk
from quillgate.console.pages import upload
from quillgate.console.pages.customer_one import account_of
from quillgate.console.rendering import render
from quillgate.console.states import LISTED, told
from quillgate.console.typed import SearchedFor
from quillgate.console.visitors import Viewer, Visitor
from quillgate.errors import NoUploadError, TargetError
from quillgate.operate import lists
from quillgate.operate.lists import Query
from quillgate.operate.whereabouts import key_of

_SHOWN = 25
# As a page's `next` gives it, or the last moment of a day.
_AFTER = "^([0-9]{13}(-[0-9a-f]{32}-[0-9a-f]{64})?)?$"


def _query(
    user: Annotated[SearchedFor, Asked(max_length=100)] = "",
    state: Annotated[str, Asked(pattern=f"^({'|'.join(LISTED)})?$")] = "",
    day: Annotated[str, Asked(max_length=10)] = "",
    after: Annotated[str, Asked(pattern=_AFTER)] = "",
) -> Query:
    """What the address asks for. Raises HTTPException (422) when the day is none."""
    try:
        return Query(user.strip(), state, after or (lists.from_day(day) if day else ""))
    except (ValueError, OverflowError) as error:
        raise HTTPException(422, f"no such day: '{day}' - write it like 2026-11-23") from error


Wanted = Annotated[Query, Depends(_query)]


def routes() -> APIRouter:
    """The list, and its rows alone for htmx."""
    router = APIRouter()

    @router.get("/uploads")
    def uploads(
        request: Request,
        visitor: Viewer,
        query: Wanted,
        key: Annotated[SearchedFor, Asked(max_length=2048)] = "",
        day: str = "",
    ) -> Response:
        """The newest first; with a key, that file, or why there is none beside what was typed."""
        if not key.strip():
            return _rendered(request, "uploads/list.html", query, day=day)
        try:
            found = _find(request.app.state.desk, visitor, key, query.user)
        except (NoUploadError, TargetError) as error:
            form = {"day": day, "key": key, "wrong": str(error)}
            return _rendered(request, "uploads/list.html", query, **form)
        return RedirectResponse(upload.place(found), status_code=303)

    @router.get("/uploads/rows")
    def rows(request: Request, _: Viewer, query: Wanted) -> Response:
        """The list alone, as it is now."""
        return _rendered(request, "uploads/rows.html", query)

    return router


def _rendered(request: Request, template: str, query: Query, **form: str) -> Response:
    """`form` is what the form of the page holds beside the query, and what is `wrong` with it."""
    desk: Desk = request.app.state.desk
    now = desk.now()
    page = lists.uploads(desk.deployment.ledger, query, _SHOWN, now)
    return render(
        request,
        template,
        status=404 if "wrong" in form else 200,
        query=query,
        form=form,
        page=page,
        states=LISTED,
        told=told,
        place=upload.place,
        live=f"/uploads/rows?{_words(query)}" if not query.after else None,
        older=f"/uploads?{_words(query, after=page.next)}" if page.next else None,
        at=f"{now:%H:%M:%S}",
    )


def _words(query: Query, **more: str) -> str:
    given = {"user": query.user, "state": query.state, **more}
    return urlencode({name: value for name, value in given.items() if value})


def _find(desk: Desk, visitor: Visitor, typed: str, user: str) -> str:
    """The key of a file that may be named as the customer sees it, if the customer is named."""
    folder = account_of(desk.directory(visitor), user).folder if user else ""
    return key_of(desk.deployment, typed, folder)
