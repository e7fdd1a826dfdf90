"""`quillgate redrive`: what was given up is tried again, and what a person wants told is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import Orders, person
from quillgate.operate.queues import depth
from quillgate.operate.redrive import (
    Redriven,
    Wanted,
    dead_entries,
    dead_letters,
    newest_entry,
    one_entry,
)
from quillgate.operate.words import safe, short, time_of
from quillgate.options import EnvironmentOption, StackOption, StateOption, YesOption
from quillgate.signals import end_on_signals
from quillgate.state import DEFAULT_STATE
from quillgate.target import find


def redrive(  # noqa: PLR0913, PLR0917  # the options of a command
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Uploads of the last 2h (s, m, h, d), or since 2026-11-23T09:00 (UTC).",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="This object key, whatever its state but accepted."),
    ] = None,
    version_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="This version of the key; without it the newest."),
    ] = None,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Put dead letters back on the queue; with --key, have one upload told whatever its state.

    Example: quillgate redrive --since 2h
    """
    if key is not None and since is not None:
        raise typer.BadParameter("name a time or a key", param_hint="--since")
    if version_id is not None and key is None:
        raise typer.BadParameter("needs --key", param_hint="--version-id")
    end_on_signals(lambda number: 128 + number)
    moment = time_of(since, datetime.now(UTC), "--since") if since else None
    wanted = Wanted(moment, key, version_id)
    carry_out(Deployment.of(find(environment, stack, state)), wanted, yes=yes)


def carry_out(deployment: Deployment, wanted: Wanted, *, yes: bool) -> None:
    """Name the stack, ask on AWS unless `yes`, and put back what is wanted."""
    typer.echo(deployment.target.title, err=True)
    if deployment.target.environment == "aws" and not yes:
        typer.confirm(_question(deployment, wanted.key), abort=True)
    _put_back(Orders(deployment, person(deployment)), wanted)


def _put_back(orders: Orders, wanted: Wanted) -> None:
    """Whatever ends it, the counts are told."""
    done = Redriven()
    try:
        with Console(stderr=True).status("looking") as status:

            def say(count: int) -> None:
                status.update(f"{count} put back")

            entry = newest_entry(orders.deployment, wanted) if wanted.key is not None else None
            dead_letters(orders, wanted, done, say)
            if wanted.key is None:
                dead_entries(orders, wanted, done, say)
            elif entry:
                typer.echo(one_entry(orders, entry, done))
            elif not done.letters:
                typer.echo(f"not in the ledger: {wanted.key!r} - quillgate sweep puts it back")
    finally:
        _tell(done)


def _question(deployment: Deployment, key: str | None) -> str:
    if key is not None:
        return f"Have {key!r} told to Quill again?"
    queue = depth(deployment.client("sqs"), deployment.dead_letter_queue_url)
    return f"Put back what is meant of about {queue.total} dead letters?"


def _tell(done: Redriven) -> None:
    typer.echo(
        f"put back: {done.put_back} ({done.letters} from the dead-letter queue, "
        f"{done.entries} from the ledger)"
    )
    if done.others:
        typer.echo(f"left: {done.others} other dead letters")
    if done.foreign:
        typer.echo(f"left: {done.foreign} messages that are no uploads - delete them by hand:")
    for letter in done.examples:
        typer.echo(f"  {letter.message_id}: {short(safe(letter.body), 56)}")
