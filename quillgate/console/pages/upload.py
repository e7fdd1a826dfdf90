"""`/uploads/one`: what happened to one file, and what a person may have done with it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sftp_watchdog.entry import Entry

from quillgate.console.desk import Desk
from quillgate.console.rendering import notify, render
from quillgate.console.states import meaning, told
from quillgate.console.visitors import Operator, Support, Viewer
from quillgate.errors import NoUploadError
from quillgate.operate import by_hand, versions
from quillgate.operate.deployment import Deployment
from quillgate.operate.life import VersionLife, life_of_version
from quillgate.operate.redrive import Wanted

_OTHERS_SHOWN = 20
# A dead letter of the file is looked for among so many; beyond it is left, which is harmless.
_LETTERS = 100

# In the address, also of an order: a form would turn a line's end in a name into another.
Key = Annotated[str, Query(min_length=1, max_length=1024)]
Version = Annotated[str, Query(max_length=1024)]


def place(key: str, version_id: str | None = "", what: str = "one") -> str:
    """The address of a file's page, or of an order about it."""
    words = {"key": key, **({"version": version_id} if version_id else {})}
    return f"/uploads/{what}?{urlencode(words)}"


def routes() -> APIRouter:
    """The page of one file, and two orders."""
    router = APIRouter()

    @router.get("/uploads/one")
    def one(request: Request, _: Viewer, key: Key, version: Version = "") -> Response:
        """The version named, or the newest."""
        return _page(request, key, version)

    @router.post("/uploads/again")
    def again(request: Request, visitor: Support, key: Key, version: Version = "") -> Response:
        """Have it delivered again, whatever its state."""
        desk: Desk = request.app.state.desk
        wanted = Wanted(key=key, version_id=version or None, limit=_LETTERS)
        done = by_hand.deliver_again(desk.orders(visitor), desk.audit(visitor), wanted)
        notify(request, "It is on its way again." if done.put_back else done.said)
        return RedirectResponse(place(key, version), status_code=303)

    @router.post("/uploads/dismiss")
    def dismiss(
        request: Request,
        visitor: Operator,
        key: Key,
        why: Annotated[str, Form(min_length=1, max_length=300, pattern=r"\S")],
        version: Version = "",
    ) -> Response:
        """Settle for good what nobody can deliver."""
        desk: Desk = request.app.state.desk
        entry = by_hand.entry_of(desk.deployment, key, version or None)
        by_hand.dismiss(desk.deployment, desk.audit(visitor), entry, why.strip())
        notify(request, "It is settled, and nobody waits for it any more.")
        return RedirectResponse(place(key, version), status_code=303)

    return router


def _page(request: Request, key: str, version_id: str) -> Response:
    deployment: Deployment = request.app.state.desk.deployment
    life = life_of_version(deployment, key, version_id)
    [version] = life.versions
    entry = None if version.is_deletion else _entry(deployment, key, version.version_id)
    found = versions.newest(deployment.client("s3"), deployment.bucket, key)
    return render(
        request,
        "uploads/one.html",
        life=life,
        version=version,
        entry=entry,
        meaning=told(entry) if entry else meaning(None),
        others=[each for each in found if each.version_id != version.version_id][:_OTHERS_SHOWN],
        place=place,
        not_again=_why_not_again(deployment, version, entry),
        not_dismissed=_why_not_dismissed(deployment, version, entry),
    )


def _entry(deployment: Deployment, key: str, version_id: str) -> Entry | None:
    try:
        return by_hand.entry_of(deployment, key, version_id)
    except NoUploadError:
        return None


def _why_not_again(deployment: Deployment, version: VersionLife, entry: Entry | None) -> str | None:
    if version.is_deletion:
        return "it was deleted"
    if entry is None:
        return "it has only just arrived, or is not meant to be delivered"
    if version.is_gone:
        return "the file itself is no longer kept: ask the customer to send it again"
    return by_hand.why_not_again(entry, deployment.ledger.now())


def _why_not_dismissed(
    deployment: Deployment, version: VersionLife, entry: Entry | None
) -> str | None:
    if entry is None:
        return "it is not on record"
    now = deployment.ledger.now()
    return by_hand.why_not_dismissed(entry, now, is_gone=version.is_gone)
