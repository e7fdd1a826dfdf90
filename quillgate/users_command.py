"""`quillgate users`: what SFTP users may do."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from quillgate.explain import explain, find_user
from quillgate.options import EnvironmentOption, StackOption, StateOption
from quillgate.state import DEFAULT_STATE
from quillgate.target import find

app = typer.Typer(
    help="SFTP users and what they may do."
    "\n\nExample: quillgate users explain testuser put incoming/a.csv",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def users() -> None:
    """Keep `explain` a sub-command while it is the only one."""


@app.command("explain")
def explain_command(  # noqa: PLR0913, PLR0917  # the words and options of a command
    user: Annotated[str, typer.Argument(metavar="USER", help="Name of the SFTP user.")],
    operation: Annotated[
        Literal["put", "get", "list", "delete", "rename"], typer.Argument(help="What to do.")
    ],
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="As the user sees it, relative to the home.")
    ],
    new_path: Annotated[
        str | None, typer.Argument(metavar="NEW_PATH", help="Where a rename leads.")
    ] = None,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Say whether USER may do it, and which statement of which policy decides; exit 1 when not.

    Example: quillgate users explain testuser rename a.csv.filepart a.csv
    """
    if (operation == "rename") != (new_path is not None):
        advice = "rename needs PATH and NEW_PATH" if new_path is None else "only rename takes it"
        raise typer.BadParameter(advice, param_hint="NEW_PATH")
    target = find(environment, stack, state)
    explanation = explain(target, find_user(target, user), operation, path, new_path)
    paths = " ".join(repr(each) for each in (path, new_path) if each is not None)
    typer.echo(f"{target.title}: {user} {operation} {paths}")
    for line in explanation.lines():
        typer.echo(line)
    if not explanation.allowed:
        raise typer.Exit(1)
