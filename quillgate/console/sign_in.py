"""How visitors come in. Locally nobody signs in: who reaches the page has the machine's keys."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from quillgate.console.rendering import notify
from quillgate.console.visitors import Role, Viewer, Visitor


class SignIn(Protocol):
    """One way to come in."""

    path: str
    """Where those are sent who have not come in."""
    is_local: bool
    """Whether the role is chosen on the page, and shown as such."""

    def visitor(self, request: Request) -> Visitor | None:
        """Who sends the request; None for somebody who has to sign in."""

    def routes(self) -> APIRouter:
        """The pages of the sign-in itself."""


class ChosenRole:
    """Locally: the role is chosen on the page. `who` is the name in the audit trail."""

    path = "/"
    is_local = True

    def __init__(self, who: str) -> None:
        self._who = who

    def visitor(self, request: Request) -> Visitor:
        """Whoever it is; a viewer until they choose."""
        word = str(request.session.get("role", Role.VIEWER.word))
        return Visitor(self._who, Role[word.upper()])

    def routes(self) -> APIRouter:
        """`POST /role`."""
        router = APIRouter()

        @router.post("/role")
        def choose(
            request: Request,
            _: Viewer,
            role: Annotated[str, Form(pattern="^(viewer|support|operator)$")],
        ) -> Response:
            """Work in another role from now on."""
            request.session["role"] = role
            notify(request, f"You are now {role}.")
            return RedirectResponse("/", status_code=303)

        return router
