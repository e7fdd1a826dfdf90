"""`quillgate redrive`: what was given up is tried again, and what a person wants told is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from sftp_watchdog.entry import Entry

from quillgate.audit import Audit
from quillgate.consent import name_and_ask
from quillgate.operate import by_hand
from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import Orders, person
from quillgate.operate.queues import depth
from quillgate.operate.redrive import Redriven, Wanted
from quillgate.operate.words import safe, short
from quillgate.options import EnvironmentOption, StackOption, StateOption, YesOption, time_of
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
    dismiss: Annotated[
        str | None,
        typer.Option(
            metavar="WHY", help="Settle the key for good instead: nobody can deliver it, or is to."
        ),
    ] = None,
    yes: YesOption = False,
) -> None:
    """Put dead letters back on the queue; with --key, have one upload told whatever its state.

    Example: quillgate redrive --since 2h
    """
    if key is not None and since is not None:
        raise typer.BadParameter("name a time or a key", param_hint="--since")
    if version_id is not None and key is None:
        raise typer.BadParameter("needs --key", param_hint="--version-id")
    if dismiss is not None and (key is None or not dismiss.strip()):
        raise typer.BadParameter("needs --key, and why", param_hint="--dismiss")
    end_on_signals(lambda number: 128 + number)
    moment = time_of(since, datetime.now(UTC), "--since") if since else None
    deployment = Deployment.of(find(environment, stack, state))
    if key is not None and dismiss is not None:
        settle(deployment, by_hand.entry_of(deployment, key, version_id), dismiss.strip(), yes=yes)
    else:
        carry_out(deployment, Wanted(moment, key, version_id), yes=yes)


def carry_out(deployment: Deployment, wanted: Wanted, *, yes: bool) -> None:
    """Name the stack, ask on AWS unless `yes`, and put back what is wanted."""
    name_and_ask(deployment.target, lambda: _question(deployment, wanted.key), yes=yes)
    _put_back(Orders(deployment, person(deployment)), wanted)


def settle(deployment: Deployment, entry: Entry, why: str, *, yes: bool) -> None:
    """Name the stack, ask on AWS unless `yes`, and dismiss an upload."""
    question = f"Never have {entry.key!r} told to Quill?"
    name_and_ask(deployment.target, lambda: question, yes=yes)
    audit = Audit(deployment.ledger, person(deployment))
    changed = by_hand.dismiss(deployment, audit, entry, why)
    typer.echo(f"was {entry.outcome}: {entry.key!r}, version {entry.version_id}")
    typer.echo(f"settled: {safe(changed.reason)}")


def _put_back(orders: Orders, wanted: Wanted) -> None:
    """Whatever ends it, the counts are told."""
    done, audit = Redriven(), Audit(orders.deployment.ledger, orders.by)
    try:
        with Console(stderr=True).status("looking") as status:

            def say(count: int) -> None:
                status.update(f"{count} put back")

            by_hand.redrive(orders, audit, wanted, done, say)
        if done.said:
            typer.echo(done.said)
        elif wanted.key is not None and not done.letters:
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
