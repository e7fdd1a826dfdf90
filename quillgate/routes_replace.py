"""How the command replaces the routes in force: it says what changes, asks, and is on record."""

from __future__ import annotations

from typing import Literal

import typer
from sftp_watchdog.routes import Routes

from quillgate.audit import Audit
from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import person
from quillgate.operate.routing import Routing, routing
from quillgate.operate.words import safe
from quillgate.routes_push import put_in_force, stories_pattern
from quillgate.routes_review import changes, checked, shortened, warnings
from quillgate.routes_store import RoutesStore
from quillgate.routes_versions import Version
from quillgate.target import Target

_CHANGES_SHOWN = 20


def replace(
    target: Target, content: bytes, what: Literal["routes push", "routes undo"], *, yes: bool
) -> None:
    """Put `content` in force, unless it is; on AWS only once somebody says so.

    Raises RoutesError for routes that would not work there.
    """
    deployment = Deployment.of(target)
    routes = checked(content, stories_pattern(deployment))
    now = routing(deployment)
    typer.echo(f"{target.title}: {RoutesStore.at(deployment)}", err=True)
    warn(routes)
    _say_what_changes(now, routes)
    if now.stored and now.stored.content == content:
        typer.echo(f"{count(routes)} in force already")
        return
    if target.environment == "aws" and not yes:
        typer.confirm("Replace the routes in force?", abort=True)
    put_in_force(deployment, Audit(deployment.ledger, person(deployment)), now, content, what)
    typer.echo(f"{count(routes)} in force within a minute")


def warn(routes: Routes) -> None:
    """Say which routes have no effect."""
    for warning in warnings(routes):
        typer.echo(f"warning: {warning}", err=True)


def count(routes: Routes) -> str:
    """`1 route`, `2 routes`."""
    return _routes(len(routes.routes))


def line_of(version: Version) -> str:
    """One line of a version: its id, when, whose, and what there is to say of it."""
    moment = f"{version.moment:%Y-%m-%d %H:%M:%S}"
    words = [version.version_id, moment, safe(version.pushed_by or "-"), _standing(version)]
    return "  ".join(words)


def _standing(version: Version) -> str:
    if version.is_deletion:
        return "deleted"
    if version.is_latest:
        return "in force" if not version.problem else version.problem
    if version.problem or not version.changes:
        return version.problem or "the same routes"
    return f"differs in {_routes(len(version.changes))}"


def _routes(number: int) -> str:
    return f"{number} route{'' if number == 1 else 's'}"


def _say_what_changes(now: Routing, routes: Routes) -> None:
    if now.stored and now.problem:
        typer.echo(now.problem, err=True)
    lines = shortened(list(changes(now.routes, routes)), _CHANGES_SHOWN)
    for line in lines or ["no route changes"]:
        typer.echo(line, err=True)
