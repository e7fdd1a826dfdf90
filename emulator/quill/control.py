"""The control side, `/_quill/...`: see what was received, order faults, start afresh.

It has no token, so other people's web pages must not reach it: a call that changes something is
refused when a browser says that it comes from another origin.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from emulator.quill.answers import in_words
from emulator.quill.contract import mistakes
from emulator.quill.faults import FaultOrder, Faults
from emulator.quill.inbox import Inbox
from emulator.quill.load import Load
from emulator.quill.logs import log

_ORDER = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": FaultOrder.model_json_schema()}},
    }
}


def _own_page_only(request: Request) -> None:
    """Browsers send `Origin` with every call that changes something; scripts send none.

    A name that was made to lead here (DNS rebinding) is not ours, even if `Host` says the same.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return
    found = urlsplit(origin)
    is_ours = found.netloc == request.headers.get("host")
    if not is_ours or found.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise HTTPException(403, f"refused for pages of another origin, '{origin[:200]}'")


_Changes = [Depends(_own_page_only)]


def routes(inbox: Inbox, faults: Faults, load: Load) -> APIRouter:
    """`/_quill/notifications`, `faults`, `state`, `story`, `health`."""
    router = APIRouter(prefix="/_quill")

    @router.get("/health")
    def health() -> dict[str, Any]:
        """Up, and the inbox can be read; calls that are being answered, and the most at once."""
        inbox.items(last=1)
        return {"status": "ok", "calls": {"now": load.now, "peak": load.peak}}

    @router.get("/notifications")
    def notifications(
        key: str | None = None,
        project: str | None = None,
        last: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    ) -> dict[str, Any]:
        """One item per id in order of arrival; `last` n of them only, for the page."""
        return {"items": inbox.items(key=key, project=project, last=last)}

    @router.get("/story", response_class=PlainTextResponse)
    def story(file_id: Annotated[str, Query(alias="id")]) -> str:
        """The text that was delivered for this id; 404 when there is none (yet)."""
        text = inbox.story(file_id)
        if text is None:
            raise HTTPException(404, "no story yet")
        return text

    @router.get("/faults")
    def ordered() -> dict[str, Any]:
        """Every order, with how often it was ordered and how often it fired."""
        return {"items": faults.items()}

    @router.post("/faults", status_code=201, openapi_extra=_ORDER, dependencies=_Changes)
    async def order(request: Request) -> Response:
        """Order a fault for POST /v1/projects/{project}/files, after those ordered before."""
        try:
            fault = FaultOrder.model_validate_json(await request.body())
        except ValidationError as error:
            return in_words(400, f"not a fault: {mistakes(error)}")
        log("fault_ordered", fault=fault.model_dump(exclude_unset=True))
        return JSONResponse(faults.order(fault), 201)

    @router.delete("/state", status_code=204, dependencies=_Changes)
    async def clear() -> Response:
        """Forget notifications and faults; stories being told are not put any more."""
        faults.clear()
        load.forget()
        await run_in_threadpool(inbox.clear)
        log("state_cleared")
        return Response(status_code=204)

    return router
