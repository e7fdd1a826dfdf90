"""`quillgate routes`: look at, try and change which upload goes to which project."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer
from sftp_watchdog.errors import RoutesError
from sftp_watchdog.names import CONFIG_KEY
from sftp_watchdog.routes import MAX_BYTES, Routes, decode, parse

from quillgate.errors import ConfigError
from quillgate.options import EnvironmentOption, StackOption, StateOption, YesOption
from quillgate.routes_review import changes, warnings
from quillgate.routes_store import RoutesStore, Stored
from quillgate.state import DEFAULT_STATE
from quillgate.target import Target, find

app = typer.Typer(
    help="Which upload goes to which project: the routes in the bucket's watchdog.config."
    "\n\nExample: quillgate routes show",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_CHANGES_SHOWN = 20
RoutesFile = Annotated[Path, typer.Argument(metavar="FILE", help="Routes, in TOML.")]


@app.command()
def check(file: RoutesFile) -> None:
    """Say whether FILE could be used, and every problem with its line.

    Example: quillgate routes check routes.toml
    """
    routes = _parse(_read(file), str(file))
    _warn(routes)
    typer.echo(f"{file}: {_count(routes)}, no problem found")


@app.command()
def push(
    file: RoutesFile,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Check FILE, say what it changes and put it in force, within a minute and without a deploy.

    Example: quillgate routes push routes.toml
    """
    content = _read(file)
    routes = _parse(content, str(file))
    target = find(environment, stack, state)
    _refuse_stories_quill_cannot_write(routes, target)
    store = RoutesStore.of(target)
    before = store.read()
    typer.echo(f"{target.title}: {store}", err=True)
    _warn(routes)
    _say_what_changes(before, routes)
    if before and before.content == content:
        typer.echo(f"{_count(routes)} in force already")
        return
    if target.environment == "aws" and not yes:
        typer.confirm("Replace the routes in force?", abort=True)
    store.replace(before, content)
    typer.echo(f"{_count(routes)} in force within a minute")


@app.command()
def show(
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Print the routes in force, as they were stored; exit 1 when they cannot be used.

    Example: quillgate routes show > routes.toml
    """
    content = _in_force(find(environment, stack, state))
    typer.echo(content, nl=False)
    _parse(content, CONFIG_KEY)


@app.command("test")
def try_key(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Object key, such as acme/incoming/a.csv.")
    ],
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    file: Annotated[Path | None, typer.Option(help="Try the routes of a file instead.")] = None,
) -> None:
    """Say which route an upload of KEY takes and why; exit 1 when none.

    Example: quillgate routes test "acme/incoming/q3 sales.csv"
    """
    content = _read(file) if file else _in_force(find(environment, stack, state))
    routes = _parse(content, str(file or CONFIG_KEY))
    typer.echo(routes.explain(key))
    if routes.find(key) is None:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    """What is in `file`, read once: it may be a pipe. No more than shows that it is too large."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        advice = f"name a file that can be read ({error.strerror})"
        raise ConfigError("cannot read routes from", str(file), advice) from error


def _parse(content: bytes, name: str) -> Routes:
    """The routes, read as the watchdog does."""
    try:
        return parse(decode(content))
    except RoutesError as error:
        raise ConfigError("routes cannot be used", name, str(error)) from error


def _in_force(target: Target) -> bytes:
    store = RoutesStore.of(target)
    if not (stored := store.read()):
        raise ConfigError("no routes in", str(store), "store some: quillgate routes push FILE")
    return stored.content


def _warn(routes: Routes) -> None:
    for warning in warnings(routes):
        typer.echo(f"warning: {warning}", err=True)


def _say_what_changes(before: Stored | None, routes: Routes) -> None:
    try:
        in_force = parse(decode(before.content)) if before else None
    except RoutesError as error:
        typer.echo(f"what is stored now cannot be used: {error}", err=True)
        return
    lines = list(changes(in_force, routes))
    for line in lines[:_CHANGES_SHOWN]:
        typer.echo(line, err=True)
    if more := len(lines[_CHANGES_SHOWN:]):
        typer.echo(f"and {more} more", err=True)
    if not lines:
        typer.echo("no route changes", err=True)


def _refuse_stories_quill_cannot_write(routes: Routes, target: Target) -> None:
    """Quill may write to StoriesPattern only: a route outside it would never bring a story."""
    pattern = target.parameters().get("StoriesPattern", "*")
    # IAM's `*` and `?` are fnmatch's, its brackets are not special.
    plain = re.sub(r"\[", "[[]", pattern)
    for route in routes.routes:
        if not fnmatchcase(f"{route.stories}/x", plain):
            raise ConfigError(
                f"Quill may not write stories of line {route.line} to",
                route.stories,
                f"name a folder that fits the stack's StoriesPattern {pattern}, or change that",
            )


def _count(routes: Routes) -> str:
    number = len(routes.routes)
    return f"{number} route{'' if number == 1 else 's'}"
