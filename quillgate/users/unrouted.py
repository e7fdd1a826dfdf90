"""Whether what a user uploads goes anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from sftp_watchdog.route import Route
from sftp_watchdog.segments import ANY

from quillgate.operate.deployment import Deployment
from quillgate.operate.routing import routing
from quillgate.users.model import Account


def unrouted(deployment: Deployment, accounts: Sequence[Account]) -> str | None:
    """Why files in `incoming` of these users go to no project; None when routes cover them all.

    A route may still take some names only: its pattern is not looked at.
    """
    routes = routing(deployment).routes
    folders = [f"{account.folder}/incoming" for account in accounts]
    left = [each for each in folders if not _is_covered(each, routes.routes if routes else ())]
    if not left:
        return None
    more = f" nor {len(left) - 1} more" if left[1:] else ""
    return (
        f"no route covers '{left[0]}'{more}: what is uploaded there goes to no project - add one: "
        "quillgate routes show > routes.toml, edit it, quillgate routes push routes.toml"
    )


def _is_covered(folder: str, routes: Sequence[Route]) -> bool:
    return any(_covers(route, folder.split("/")) for route in routes)


def _covers(route: Route, folder: list[str]) -> bool:
    """A route covers sub-folders as well."""
    wanted = zip(route.segments, folder, strict=False)
    return len(route.segments) <= len(folder) and all(a in (ANY, b) for a, b in wanted)
