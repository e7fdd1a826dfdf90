"""`/changes`: the audit trail - who changed what, when, from what to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from quillgate.console.rendering import render
from quillgate.console.typed import SearchedFor
from quillgate.console.visitors import Viewer

# Each is a read: a full page must not cost more than three times what a page of ten does.
_SHOWN = 25
# A name within the trail, as a page's `next` gives it.
_NAME = "^[0-9]{13}-[0-9a-f]{16}$|^$"


def routes() -> APIRouter:
    """The trail as a whole, or of one customer: `?about=acme`."""
    router = APIRouter()

    @router.get("/changes")
    def changes(
        request: Request,
        visitor: Viewer,
        about: Annotated[SearchedFor, Query(max_length=1024)] = "",
        after: Annotated[str, Query(pattern=_NAME)] = "",
    ) -> Response:
        """The newest first."""
        audit = request.app.state.desk.audit(visitor)
        # As it is written first: the name of a file may end with a space.
        for name in dict.fromkeys((about, about.strip())):
            page = audit.newest(_SHOWN, after, name or None)
            if page.changes:
                break
        return render(request, "changes.html", page=page, about=name, differences=differences)

    return router


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[tuple[str, list[str], list[str]]]:
    """What is not the same: name, what there was, what there is; of a list only what differs."""
    old, new = before or {}, after or {}
    found = [
        (name, _texts(old.get(name)), _texts(new.get(name))) for name in dict.fromkeys([*old, *new])
    ]
    return [
        (name, [each for each in was if each not in now], [each for each in now if each not in was])
        for name, was, now in found
        if was != now
    ]


def _texts(value: Any) -> list[str]:
    """A value for people, line by line; of a key its fingerprint, and itself to undo a removal."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    if isinstance(value, dict) and "line" in value:
        return [value["fingerprint"], value["line"]]
    return str(value).splitlines()
