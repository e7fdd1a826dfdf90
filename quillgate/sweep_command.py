"""`quillgate sweep`: look for uploads nobody was told of, or mark files as told before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from sftp_watchdog.sweep_run import Case, Counts, Order

from quillgate.audit import Audit
from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import person
from quillgate.options import EnvironmentOption, StackOption, StateOption, YesOption, time_of
from quillgate.state import DEFAULT_STATE
from quillgate.sweep import sweep_all, tools_for
from quillgate.sweep_done import Marking, mark_done
from quillgate.target import find


def sweep(  # noqa: PLR0913, PLR0917 - the options of the command
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Look at every version, and take nothing on the queues for granted: after they"
            " were purged.",
        ),
    ] = False,
    prefix: Annotated[str, typer.Option(help="Only keys that begin so.")] = "",
    grace: Annotated[int, typer.Option(min=0, help="Let be what is younger, in seconds.")] = 0,
    done: Annotated[
        bool,
        typer.Option(
            "--mark-done",
            help="Put nothing back: mark every file without an entry as told before, such as those"
            " moved over from another server.",
        ),
    ] = False,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --mark-done: what was stored before 2026-11-23T09:00 (UTC), or more than 2h"
            " (s, m, h, d) ago; else before now.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Put uploads back on the queue that nobody was told of; run again at any time.

    Example: quillgate sweep --dry-run
    """
    now = datetime.now(UTC)
    moment = time_of(before, now, "--before") if before else now
    if done and (everything or grace):
        raise typer.BadParameter("--mark-done goes with neither --all nor --grace")
    if before and not done:
        raise typer.BadParameter("--before goes with --mark-done only")
    deployment = Deployment.of(find(environment, stack, state))
    target = deployment.target
    typer.echo(f"{target.title}: s3://{deployment.bucket}/{prefix}", err=True)
    if target.environment == "aws" and not (yes or dry_run):
        typer.confirm(_question(moment if done else None), abort=True)
    if done:
        _mark(deployment, Marking(moment, prefix, dry_run))
    else:
        _sweep(deployment, Order(grace, everything, prefix, dry_run))


def _question(before: datetime | None) -> str:
    if before is None:
        return "Put back what nobody was told of?"
    return f"Mark every file without an entry, stored before {before:%Y-%m-%d %H:%M:%S %Z}?"


def _sweep(deployment: Deployment, order: Order) -> None:
    def say(case: Case) -> None:
        if order.dry_run:
            typer.echo(f"would be put back: '{case.upload.key}' - {case.reason}")

    with Console(stderr=True).status("looking") as status:

        def tick(counts: Counts) -> None:
            status.update(f"{counts.looked_at} looked at, {counts.swept} lost")

        counts = sweep_all(deployment, tools_for(deployment, _warn, say, tick), order)
    typer.echo(
        f"{counts.looked_at} versions looked at: {counts.swept} lost and put back, "
        f"{counts.judged_again} to be judged again, {counts.long_waiting} waiting too long"
        + (f", {counts.passed_over} not to be looked at" if counts.passed_over else "")
        + (" (dry run: nothing is changed)" if order.dry_run else "")
    )


def _mark(deployment: Deployment, marking: Marking) -> None:
    count, audit = 0, Audit(deployment.ledger, person(deployment))
    marked = mark_done(tools_for(deployment, _warn), marking, audit)
    with Console(stderr=True).status("looking") as status:
        for count, key in enumerate(marked, 1):
            status.update(f"{count} marked")
            if marking.dry_run:
                typer.echo(f"would be marked: '{key}'")
    typer.echo(f"{count} marked as told before" + (" (dry run)" if marking.dry_run else ""))


def _warn(text: str) -> None:
    typer.echo(text, err=True)
