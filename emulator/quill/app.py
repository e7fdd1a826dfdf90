"""Quill's contract over HTTP: POST tells of a file, DELETE takes it back."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from emulator.quill import control, page
from emulator.quill.answers import add_handlers, in_words, unauthorized
from emulator.quill.contract import Notification, NotUnderstood, read_notification
from emulator.quill.faults import FaultOrder, Faults
from emulator.quill.inbox import Inbox
from emulator.quill.load import Load
from emulator.quill.logs import log
from emulator.quill.server import drop_connection
from emulator.quill.writer import StoryWriter

_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {"description": "Accepted: `{'receipt': '...'}`; the same id again: the same receipt"},
    400: {"description": "Not a notification; `message` says what is wrong with it"},
    401: {"description": "The token is missing or wrong"},
    422: {"description": "Rejected for good, only by an ordered fault"},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Notification.model_json_schema()}},
    }
}


@dataclass(frozen=True)
class Quill:
    """The parts of one fake Quill. `token`: what callers must send."""

    token: str
    inbox: Inbox
    faults: Faults
    writer: StoryWriter
    load: Load = field(default_factory=Load)

    def knows(self, credentials: HTTPAuthorizationCredentials | None) -> bool:
        """Whether the token is right, in a time that does not depend on how wrong it is."""
        given = credentials.credentials if credentials else ""
        return hmac.compare_digest(given.encode(), self.token.encode())


def create_app(quill: Quill) -> FastAPI:
    """The whole of it: contract, control side, page. Stories are written while it runs."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        quill.writer.start()
        yield
        await run_in_threadpool(quill.writer.stop)

    app = FastAPI(
        title="Quill (fake)", version="1", lifespan=running, docs_url=None, redoc_url=None
    )
    add_handlers(app)
    app.include_router(control.routes(quill.inbox, quill.faults, quill.load))
    app.include_router(page.routes())
    _contract(app, quill)
    return app


def _contract(app: FastAPI, quill: Quill) -> None:
    path = "/v1/projects/{project}/files"

    @app.post(path, status_code=202, responses=_ANSWERS, openapi_extra=_BODY)
    async def tell(
        request: Request,
        project: str,
        credentials: _Bearer,
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Response:
        """A file is there to be read."""
        with quill.load.call():
            notification = _understood(await request.body(), project, idempotency_key)
            return await _answered(quill, request, notification, project, credentials)

    @app.delete(path + "/{file_id}", status_code=204, responses={401: _ANSWERS[401]})
    def withdraw(project: str, file_id: str, credentials: _Bearer) -> Response:
        """The file was a fragment: no story. A later POST of its id changes nothing."""
        if not quill.knows(credentials):
            return unauthorized()
        known = quill.inbox.withdraw(project, file_id)
        log("withdrawn" if known else "withdrawn_unknown", id=file_id, project=project)
        return Response(status_code=204)


def _understood(
    body: bytes, project: str, idempotency_key: str | None
) -> Notification | NotUnderstood:
    """As a value: a fault or a wrong token is answered before what is wrong with the body."""
    try:
        return read_notification(body, project, idempotency_key)
    except NotUnderstood as error:
        return error


async def _answered(
    quill: Quill,
    request: Request,
    notification: Notification | NotUnderstood,
    project: str,
    credentials: HTTPAuthorizationCredentials | None,
) -> Response:
    """What an ordered fault says, if there is one for this call; else the ordinary answer."""
    fault = quill.faults.fire(project)
    if fault is not None:
        log(
            "fault_fired",
            **_ids(notification),
            project=project,
            fault=fault.model_dump(exclude_unset=True),
        )
        await asyncio.sleep((fault.delay_ms or 0) / 1000)
        if fault.refuses:
            return await run_in_threadpool(_fail, quill, request, notification, fault)
    right = quill.knows(credentials)
    return await run_in_threadpool(_answer, quill, notification, right)


def _answer(quill: Quill, notification: Notification | NotUnderstood, right: bool) -> Response:
    """The ordinary answer to one call, recorded before it is given."""
    if isinstance(notification, Notification) and right:
        return _accept(quill, notification)
    if isinstance(notification, Notification):
        quill.inbox.turn_away(notification)
    if not right:
        log("unauthorized", **_ids(notification))
        return unauthorized()
    log("not_understood", reason=str(notification))
    return in_words(400, str(notification))


def _accept(quill: Quill, notification: Notification) -> Response:
    receipt, recorded = quill.inbox.accept(notification)
    if recorded.fresh:
        quill.writer.add(recorded.seq)
    decision = "accepted" if recorded.fresh else "repeated"
    log(decision, **_ids(notification), attempts=recorded.attempts, status=recorded.status)
    return JSONResponse({"receipt": receipt}, 202)


def _fail(
    quill: Quill, request: Request, notification: Notification | NotUnderstood, fault: FaultOrder
) -> Response:
    """What the fault says, recorded before it is answered."""
    if isinstance(notification, Notification):
        if fault.status == 422:
            quill.inbox.reject(notification, fault.words)
        else:
            quill.inbox.turn_away(notification)
    if fault.drop_connection:
        return drop_connection(request)
    status = fault.status or 500
    text = None if status in (204, 304) else fault.words
    answer = Response(text, status, media_type=fault.media_type)
    answer.headers.update(fault.headers)
    return answer


def _ids(notification: Notification | NotUnderstood) -> dict[str, object]:
    if isinstance(notification, NotUnderstood):
        return {"id": None}
    return {"id": notification.id, "key": notification.key}
