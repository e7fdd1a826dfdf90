"""The page for people at `/`: three static files, and a policy that lets nothing else in."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response

_FOLDER = Path(__file__).parent / "templates"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes() -> APIRouter:
    """`/`, and its script, style and icon beside the control side."""
    router = APIRouter(include_in_schema=False)
    _serve(router, "/", "page.html", "text/html; charset=utf-8")
    _serve(router, "/_quill/page.css", "page.css", "text/css; charset=utf-8")
    _serve(router, "/_quill/page.js", "page.js", "text/javascript; charset=utf-8")
    _serve(router, "/_quill/page.svg", "page.svg", "image/svg+xml")
    return router


def _serve(router: APIRouter, path: str, name: str, media_type: str) -> None:
    content = (_FOLDER / name).read_bytes()

    @router.get(path)
    def file() -> Response:
        return Response(content, headers=_HEADERS, media_type=media_type)
