"""`quillgate status`: how a stack is, on one screen."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from sftp_watchdog.entry import Entry

from quillgate.operate.deployment import Deployment
from quillgate.operate.overview import Attention, Overview, overview
from quillgate.operate.words import age, short
from quillgate.options import EnvironmentOption, StackOption, StateOption
from quillgate.state import DEFAULT_STATE
from quillgate.target import find

_WIDTH = 100
_LABEL = 16


def status(
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    json: Annotated[bool, typer.Option("--json", help="As one object of JSON.")] = False,
) -> None:
    """Show queues, what the ledger says, the routes in force and alarms.

    Example: quillgate status
    """
    found = overview(Deployment.of(find(environment, stack, state)), datetime.now(UTC))
    if json:
        typer.echo(json_module.dumps(asdict(found)))
        return
    typer.echo(f"{found.environment}, stack {found.stack}, {found.at[:19].replace('T', ' ')} UTC\n")
    for label, text in lines(found):
        typer.echo(short(f"{label:{_LABEL}}{text}", _WIDTH))


def lines(found: Overview) -> Iterator[tuple[str, str]]:
    """What is shown: labels and texts."""
    now = datetime.fromisoformat(found.at)
    yield "queue", _queue(found, now)
    yield "dead letters", str(found.dead_letters)
    yield "uploads", f"{found.today} today, {found.week} in seven days"
    yield "last accepted", _entry(found.last_accepted, now) or "none of the newest uploads"
    for each in found.attention:
        yield each.state, _attention(each, now)
    yield "routes", _routes(found)
    yield "last sweep", f"{age(found.swept, now)} ago" if found.swept else "none so far"
    yield "alarms", ", ".join(found.alarms) or "none"


def _queue(found: Overview, now: datetime) -> str:
    told = f"{found.queue.waiting} waiting, {found.queue.in_flight} taken or hidden until a retry"
    if not found.oldest:
        return told
    return f"{told}; oldest of {age(found.oldest.since, now)} (by {found.oldest.source})"


def _attention(each: Attention, now: datetime) -> str:
    oldest = _entry(each.oldest, now)
    return f"{each.count}, oldest {oldest}" if oldest else str(each.count)


def _entry(entry: Entry | None, now: datetime) -> str:
    return f"{age(entry.uploaded_at, now)} ago: {entry.key!r}" if entry else ""


def _routes(found: Overview) -> str:
    if found.routes is None:
        return f"none in force: {found.routes_problem}"
    if found.routes_problem:
        return f"the last good {found.routes} in force: {found.routes_problem}"
    return f"{found.routes} in force"
