"""`/customers/{name}/disable`, `enable` and `remove`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from quillgate.console.pages.customer_one import back_to, opened, path_of
from quillgate.console.rendering import notify, render
from quillgate.console.typed import shown_again
from quillgate.console.visitors import Support
from quillgate.users.model import Account

_DISABLED = "{} is disabled: no key lets anybody in. Who is logged in stays so until the end."
_ENABLED = "{} is enabled: the keys work again."


def routes() -> APIRouter:
    """Three posts, and the page on which a removal is confirmed."""
    router = APIRouter()

    @router.post("/customers/{name}/disable")
    def disable(request: Request, visitor: Support, name: str) -> Response:
        """Let nobody in; harmless when it is so already."""
        directory, _ = opened(request, visitor, name)
        directory.disable(name)
        return back_to(request, name, _DISABLED.format(name))

    @router.post("/customers/{name}/enable")
    def enable(request: Request, visitor: Support, name: str) -> Response:
        """Let the keys in again; harmless when it is so already."""
        directory, _ = opened(request, visitor, name)
        directory.enable(name)
        return back_to(request, name, _ENABLED.format(name))

    @router.get("/customers/{name}/remove")
    def confirm(request: Request, visitor: Support, name: str) -> Response:
        """What a removal does, and a field for the name."""
        return _confirmation(request, opened(request, visitor, name)[1])

    @router.post("/customers/{name}/remove")
    def remove(
        request: Request, visitor: Support, name: str, typed: Annotated[str, Form()] = ""
    ) -> Response:
        """Remove the customer, if the name was typed."""
        directory, customer = opened(request, visitor, name)
        if typed.strip() != name:
            return _confirmation(request, customer, typed)
        directory.remove(name)
        notify(request, f"{name} is removed. The files are still there.")
        return RedirectResponse("/customers", status_code=303)

    return router


def _confirmation(request: Request, customer: Account, typed: str | None = None) -> Response:
    wrong = f"that is not the name - type {customer.name}, as it is written here"
    return render(
        request,
        "customers/remove.html",
        status=200 if typed is None else 422,
        customer=customer,
        path=path_of(customer.name),
        typed=shown_again(typed or ""),
        mistakes={} if typed is None else {"typed": [wrong]},
    )
