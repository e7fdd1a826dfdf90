"""`/health`: how the stack is, what its alarms mean, and when each customer uploaded last."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from quillgate.console.desk import Desk
from quillgate.console.pages.upload import place
from quillgate.console.recent import last_uploads
from quillgate.console.rendering import render
from quillgate.console.states import meaning
from quillgate.console.visitors import Viewer, Visitor
from quillgate.errors import UserError
from quillgate.operate.health import health
from quillgate.users.model import UsersPage

_CUSTOMERS = 25


def routes() -> APIRouter:
    """One page; `?token=` turns the customers' page."""
    router = APIRouter()

    @router.get("/health")
    def show(
        request: Request, visitor: Viewer, token: Annotated[str, Query(max_length=6144)] = ""
    ) -> Response:
        """How it is at this moment."""
        desk: Desk = request.app.state.desk
        users, problem = _customers(desk, visitor, token)
        last = last_uploads(desk.deployment.ledger, [user.name for user in users.users])
        return render(
            request,
            "health.html",
            health=health(desk.deployment, desk.now()),
            prefix=f"{desk.deployment.prefix}-",
            meaning=meaning,
            customers=users.users,
            last=last,
            place=place,
            next_token=users.next_token,
            problem=problem,
        )

    return router


def _customers(desk: Desk, visitor: Visitor, token: str) -> tuple[UsersPage, str | None]:
    """The rest of the page is wanted most when the server does not answer."""
    try:
        return desk.directory(visitor).page(_CUSTOMERS, token or None), None
    except UserError as error:
        return UsersPage(()), str(error)
