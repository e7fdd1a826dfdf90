"""The way in: `/` leads to the first page; `/_console/health` tells whoever started the console."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from quillgate.console.visitors import Viewer


def routes() -> APIRouter:
    """`/` and `/_console/health`."""
    router = APIRouter()

    @router.get("/")
    def start(_: Viewer) -> Response:
        """What support staff need most."""
        return RedirectResponse("/customers", status_code=303)

    @router.get("/_console/health")
    def health() -> dict[str, str]:
        """Whether it answers; says nothing of the stack."""
        return {"status": "ok"}

    return router
