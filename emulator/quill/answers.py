"""Answers in words: every refusal is JSON, `{"message": "what failed: 'value' - what to do"}`."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from emulator.quill.logs import log


def in_words(status: int, message: str) -> Response:
    """The refusal of one call."""
    return JSONResponse({"message": message}, status)


def unauthorized() -> Response:
    """401. Never shows the token that was sent."""
    words = "token refused: 'Authorization' - send 'Bearer <token>' with the token Quill was given"
    answer = in_words(401, words)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def add_handlers(app: FastAPI) -> None:
    """What the framework refuses by itself is answered in the same form."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(ClientDisconnect, _caller_gone)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "internal error"
    return in_words(status, f"{detail}: '{request.method} {request.url.path}' - see /openapi.json")


async def _bad_parameter(_: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    return in_words(400, "; ".join(f"'{each['loc'][-1]}' - {each['msg']}" for each in found))


async def _caller_gone(request: Request, _: Exception) -> Response:
    log("caller_gone", path=request.url.path)
    return Response(status_code=400)
