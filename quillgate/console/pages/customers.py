"""`/customers`: who there is, a page at a time, and the search as one types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from quillgate.console.desk import Desk
from quillgate.console.pages.customer_one import path_of
from quillgate.console.recent import last_uploads
from quillgate.console.rendering import render
from quillgate.console.typed import SearchedFor
from quillgate.console.visitors import Viewer
from quillgate.users.model import Listed

_SHOWN = 25
_LONGEST_TOKEN = 6144  # NextToken, in Transfer's service model


def routes() -> APIRouter:
    """`GET /customers`."""
    router = APIRouter()

    @router.get("/customers")
    def customers(
        request: Request,
        visitor: Viewer,
        q: Annotated[SearchedFor, Query(max_length=1000)] = "",
        page: Annotated[str, Query(max_length=_LONGEST_TOKEN)] = "",
    ) -> Response:
        """Those whose names hold all the words of `q`, or a page of all."""
        desk: Desk = request.app.state.desk
        directory = desk.directory(visitor)
        users: Sequence[Listed]
        if words := q.strip():
            users, next_page = directory.search(words, _SHOWN + 1), None
        else:
            found = directory.page(_SHOWN, page or None)
            users, next_page = found.users, found.next_token
        shown = users[:_SHOWN]
        return render(
            request,
            "customers/list.html",
            words=words,
            users=shown,
            is_cut=len(users) > len(shown),
            next_page=next_page,
            last=last_uploads(desk.deployment.ledger, [user.name for user in shown]),
            path_of=path_of,
        )

    return router
