"""Routes put in force, by command or console: written only over what was read, and on record."""

from __future__ import annotations

from typing import Literal

from quillgate.audit import Audit
from quillgate.operate.deployment import Deployment
from quillgate.operate.routing import Routing
from quillgate.routes_review import changes, checked, shortened
from quillgate.routes_store import RoutesStore, Stored

# What the audit trail is about.
ROUTES = "routes"
_CHANGES_KEPT = 50


def put_in_force(
    deployment: Deployment,
    audit: Audit,
    now: Routing,
    content: bytes,
    what: Literal["routes push", "routes undo"] = "routes push",
) -> Stored:
    """Replace what `now` has stored, if it still is, by `content`.

    Raises RoutesError for routes that would not work here, RoutesChangedError when others are in
    force by now. The trail keeps the versions, and what changes: each version's text is in S3.
    """
    routes, store = checked(content, stories_pattern(deployment)), RoutesStore.at(deployment)
    before = {"version": now.stored.version_id} if now.stored else None
    lines = shortened(list(changes(now.routes, routes)), _CHANGES_KEPT)
    after = {"changes": "\n".join(lines) or "no route, only the text"}
    with audit.change(what, ROUTES, before, after) as draft:
        stored = store.replace(now.stored, content, audit.who)
        draft.after = {"version": stored.version_id, **after}
    return stored


def stories_pattern(deployment: Deployment) -> str:
    """Where Quill may write stories, by the stack's parameter."""
    return deployment.target.parameters().get("StoriesPattern", "*")
