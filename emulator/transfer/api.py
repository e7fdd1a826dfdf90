"""The Transfer API over HTTP: JSON 1.1, as boto3 and the aws CLI speak it.

`POST /` with `X-Amz-Target: TransferService.<Operation>`. Beside it, of our own: `GET /health`, and
the header `X-Quillgate-Server-Id` on CreateServer, which chooses the id of the new server.
Requests need not be signed: whoever can reach the port is trusted, but for web pages.
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.transfer.errors import (
    FromAPageError,
    InternalError,
    SerializationError,
    StoreError,
    TransferError,
)
from emulator.transfer.model import WATCHING
from emulator.transfer.operations import perform
from emulator.transfer.scope import Answer, Scope
from emulator.transfer.store import Store
from emulator.transfer.validation import model

_TARGET_PREFIX = "TransferService."
_SERVER_ID_HEADER = "X-Quillgate-Server-Id"
_MOST_BYTES = 16 * 1024 * 1024
_log = logging.getLogger(__name__)


def create_app(
    store: Store, *, account_id: str, region: str, max_keys_per_user: int = 50
) -> Starlette:
    """The API as an ASGI app; the caller keeps the store and closes it.

    `max_keys_per_user`: AWS's quota L-90797EDA, whose value AWS documents in two ways.
    """
    scope = Scope(store, account_id, region, max_keys_per_user)
    model()  # read now, so that the first request does not wait for it

    async def call(request: Request) -> Response:
        return await _call(scope, request)

    def health(_: Request) -> Response:
        return JSONResponse({"status": "ready", "revision": store.revision()})

    return Starlette(
        routes=[Route("/", call, methods=["POST"]), Route("/health", health, methods=["GET"])],
        exception_handlers={StoreError: _unhealthy},
    )


async def _call(scope: Scope, request: Request) -> Response:
    request_id = str(uuid.uuid4())
    operation = request.headers.get("X-Amz-Target", "").removeprefix(_TARGET_PREFIX)
    scope = replace(scope, wanted_server_id=request.headers.get(_SERVER_ID_HEADER))
    try:
        _refuse_pages(request)
        body = await _body(request)
        answer = await run_in_threadpool(_perform, operation, scope, body)
    except TransferError as error:
        _log_call(request_id, operation, error)
        return _response(error.body, request_id, status=error.status, error_type=error.code)
    watching = WATCHING in request.headers.get("User-Agent", "")
    _log_call(request_id, operation, None, logging.DEBUG if watching else logging.INFO)
    return _response(answer, request_id)


def _perform(operation: str, scope: Scope, body: bytes) -> Answer | None:
    """The one place where what nobody foresaw becomes an answer."""
    try:
        return perform(operation, scope, _parsed(body))
    except TransferError:
        raise
    except StoreError as error:
        raise InternalError(str(error)) from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise InternalError(
            f"the emulator failed: '{reason}' - its log has the traceback"
        ) from error


def _refuse_pages(request: Request) -> None:
    """Browsers send `Origin` with every POST, also to a name that leads here (DNS rebinding)."""
    if (origin := request.headers.get("Origin")) is not None:
        raise FromAPageError(origin)


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise SerializationError(f"request too large - {_MOST_BYTES} bytes are allowed")
    except ClientDisconnect as error:
        raise SerializationError("request cut off - send it again") from error
    return bytes(body)


def _parsed(body: bytes) -> object:
    """An empty body stands for `{}`."""
    try:
        parsed: object = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise SerializationError(f"request is not JSON: {error} - send an object") from error
    return parsed


def _response(
    body: Answer | dict[str, str] | None,
    request_id: str,
    *,
    status: int = 200,
    error_type: str | None = None,
) -> Response:
    headers = {"x-amzn-RequestId": request_id}
    if error_type is not None:
        headers["x-amzn-ErrorType"] = error_type
    content = b"" if body is None else json.dumps(body).encode()
    return Response(content, status, headers, media_type="application/x-amz-json-1.1")


def _log_call(
    request_id: str, operation: str, error: TransferError | None, level: int = logging.INFO
) -> None:
    line: dict[str, Any] = {"request_id": request_id, "operation": operation, "outcome": "ok"}
    if error is None:
        _log.log(level, json.dumps(line))
    elif error.status == InternalError.status:
        line |= {"outcome": error.code, "reason": error.message}
        _log.error(json.dumps(line), exc_info=error)
    else:
        _log.info(json.dumps({**line, "outcome": error.code, "reason": error.message}))


def _unhealthy(_: Request, error: Exception) -> Response:
    return JSONResponse({"status": "failed", "reason": str(error)}, status_code=503)
