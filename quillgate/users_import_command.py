"""`quillgate users import`: many users at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from quillgate.options import EnvironmentOption, StackOption, StateOption, YesOption
from quillgate.signals import end_on_signals
from quillgate.state import DEFAULT_STATE
from quillgate.users.importing import Imported, Plan, Rules, carry_out, plan
from quillgate.users.model import HomeType
from quillgate.users.sources.source import read_source
from quillgate.users.unrouted import unrouted
from quillgate.users_opening import Opened, SharedOption, opened

HomeTypeOption = Annotated[
    HomeType,
    typer.Option(help="PATH: the user sees /bucket/folder. LOGICAL: sees the folder as /."),
]


def import_users(  # noqa: PLR0913, PLR0917  # the words and options of a command
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A folder, or a CSV file: see above.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")
    ] = False,
    home_type: HomeTypeOption = "PATH",
    allow_shared_key: SharedOption = False,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Make the users of SOURCE, and give those that are there the keys they lack.

    SOURCE is a folder with <user>.pub, <user>, <user>/authorized_keys or
    <user>/.ssh/authorized_keys; or a copy of an old server with etc/passwd and its homes (user ids
    from 1000 on, whatever the shell); or a CSV file `user,key[,folder]`, in another order with a
    header that says so.

    What cannot be used is told with its file and line, and stops nothing else; exit 1 then.
    Nothing is taken away, and a second run changes nothing that the first one did.

    Example: quillgate users import old-server/ --dry-run
    """
    end_on_signals(lambda number: 128 + number)
    found, rules = opened(environment, stack, state), Rules(home_type, allow_shared_key)
    with Console(stderr=True).status("looking"):
        if not dry_run:
            found.directory.learn_keys()
        planned = plan(found.directory, read_source(source), rules)
    _tell([*planned.remarks, *planned.troubles])
    if dry_run:
        _tell(planned.steps, err=False)
        typer.echo(f"would be: {planned}")
    elif planned.steps:
        found.name_and_ask(f"Import users: {planned}?", yes=yes)
        import_planned(found, planned, rules)
    else:
        typer.echo(f"nothing to do: {planned}")
    if planned.troubles:
        raise typer.Exit(1)


def import_planned(found: Opened, planned: Plan, rules: Rules) -> None:
    """Do what is planned, and tell what came of it; exit 1 when some of it could not be done."""
    total = len(planned.steps)
    with Console(stderr=True).status(f"0 of {total}") as status:

        def say(done: int) -> None:
            status.update(f"{done} of {total}")

        try:
            done = carry_out(found.directory, planned.steps, rules, say)
        except SystemExit:
            typer.echo("stopped: what was begun is done; run it again for the rest", err=True)
            raise
    _tell(done.troubles)
    typer.echo(result(planned, done))
    if warning := unrouted(found.deployment, done.accounts):
        typer.echo(f"warning: {warning}", err=True)
    if done.troubles:
        raise typer.Exit(1)


def result(planned: Plan, done: Imported) -> str:
    """What was done, not what was planned."""
    if not done.troubles:
        return str(planned)
    failed = f"{len(done.troubles)} failed: run it again"
    return f"{len(done.accounts)} of {len(planned.steps)} done, {failed}"


def _tell(lines: Iterable[object], *, err: bool = True) -> None:
    for each in lines:
        typer.echo(str(each), err=err)
