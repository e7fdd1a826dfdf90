"""`/customers/{name}`: one customer - state, keys, connection note, last uploads."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from quillgate.console.desk import Desk
from quillgate.console.pages.upload import place
from quillgate.console.rendering import notify, render
from quillgate.console.states import told
from quillgate.console.visitors import Viewer, Visitor
from quillgate.errors import TargetError
from quillgate.operate.lists import Query, uploads
from quillgate.operate.words import safe
from quillgate.users.directory import Directory
from quillgate.users.model import Account
from quillgate.users.unrouted import unrouted

_UPLOADS = 10


def routes() -> APIRouter:
    """`GET /customers/{name}`; a customer who is called `new` is at `/customers/new/`."""
    router = APIRouter()

    @router.get("/customers/{name}/")
    @router.get("/customers/{name}")
    def customer(request: Request, visitor: Viewer, name: str) -> Response:
        """Everything there is to say."""
        desk: Desk = request.app.state.desk
        directory = desk.directory(visitor)
        found = account_of(directory, name)
        newest = uploads(desk.deployment.ledger, Query(user=name), _UPLOADS, desk.now())
        return render(
            request,
            "customers/one.html",
            customer=found,
            path=path_of(name),
            note=directory.connection_note(found),
            is_unrouted=bool(found.folder) and unrouted(desk.deployment, [found]) is not None,
            uploads=newest.entries,
            place=place,
            told=told,
        )

    return router


def path_of(name: str) -> str:
    """The page of a customer."""
    return f"/customers/{name}{'/' if name == 'new' else ''}"


def account_of(directory: Directory, name: str) -> Account:
    """The customer of a path. Raises TargetError, in this page's words, when there is none."""
    if found := directory.find_if_any(name):
        return found
    raise TargetError("no such customer", safe(name), "search in the list of customers")


def opened(request: Request, visitor: Visitor, name: str) -> tuple[Directory, Account]:
    """The customers as the visitor changes them, and the one of the path."""
    directory: Directory = request.app.state.desk.directory(visitor)
    return directory, account_of(directory, name)


def back_to(request: Request, name: str, notice: str) -> Response:
    """After a change: the customer's page, with a notice."""
    notify(request, notice)
    return RedirectResponse(path_of(name), status_code=303)
