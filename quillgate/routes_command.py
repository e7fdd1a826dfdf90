"""`quillgate routes`: look at, try and change which upload goes to which project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sftp_watchdog.errors import RoutesError
from sftp_watchdog.names import CONFIG_KEY
from sftp_watchdog.routes import MAX_BYTES, Routes, decode, parse

from quillgate import routes_versions
from quillgate.errors import ConfigError
from quillgate.operate.deployment import Deployment
from quillgate.operate.routing import routing
from quillgate.options import EnvironmentOption, StackOption, StateOption, YesOption
from quillgate.routes_replace import count, line_of, replace, warn
from quillgate.routes_store import RoutesStore
from quillgate.state import DEFAULT_STATE
from quillgate.target import Target, find

app = typer.Typer(
    help="Which upload goes to which project: the routes in the bucket's watchdog.config."
    "\n\nExample: quillgate routes show",
    no_args_is_help=True,
    rich_markup_mode=None,
)
RoutesFile = Annotated[Path, typer.Argument(metavar="FILE", help="Routes, in TOML.")]


@app.command()
def check(file: RoutesFile) -> None:
    """Say whether FILE could be used, and every problem with its line.

    Example: quillgate routes check routes.toml
    """
    routes = _parse(_read(file), str(file))
    warn(routes)
    typer.echo(f"{file}: {count(routes)}, no problem found")


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
    with _unusable(str(file)):
        parse(decode(content))
        replace(find(environment, stack, state), content, "routes push", yes=yes)


@app.command()
def versions(
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 20,
) -> None:
    """List who put which routes in force and when, the newest first.

    Example: quillgate routes versions
    """
    deployment = Deployment.of(find(environment, stack, state))
    in_force = routing(deployment).routes
    page = routes_versions.page(RoutesStore.at(deployment), in_force, limit)
    for each in page.versions:
        typer.echo(line_of(each))
    if page.next:
        typer.echo(f"older ones are left out: --limit {limit * 2}", err=True)


@app.command()
def undo(
    version: Annotated[
        str | None,
        typer.Argument(metavar="[VERSION]", help="The version to go back to; the one before."),
    ] = None,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Put earlier routes back in force, as a new version; a second undo takes that back.

    Example: quillgate routes undo
    """
    target = find(environment, stack, state)
    store = RoutesStore.of(target)
    back = store.read_version(version) if version else routes_versions.one_before(store)
    with _unusable(f"version {back.version_id}"):
        replace(target, back.content, "routes undo", yes=yes)


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
    with _unusable(name):
        return parse(decode(content))


@contextmanager
def _unusable(name: str) -> Iterator[None]:
    try:
        yield
    except RoutesError as error:
        raise ConfigError("routes cannot be used", name, str(error)) from error


def _in_force(target: Target) -> bytes:
    store = RoutesStore.of(target)
    if not (stored := store.read()):
        raise ConfigError("no routes in", str(store), "store some: quillgate routes push FILE")
    return stored.content
