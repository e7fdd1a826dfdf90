"""`quillgate trace KEY`: the life of one file, on one screen."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from quillgate.operate.deployment import Deployment
from quillgate.operate.life import Life, VersionLife, life_of
from quillgate.operate.words import safe, short
from quillgate.options import EnvironmentOption, StackOption, StateOption
from quillgate.state import DEFAULT_STATE
from quillgate.target import find

_WIDTH, _HEIGHT = 100, 40
_ID = 8  # of a version id, which redrive wants whole
_HEAD = 4  # lines before the first version, and one for a prompt


def trace(  # noqa: PLR0913, PLR0917  # the options of a command
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Object key, such as acme/incoming/a.csv.")
    ],
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    whole: Annotated[
        bool, typer.Option("--all", help="Every version and every word, however long.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As one object of JSON.")] = False,
) -> None:
    """Show the life of a file, from SFTP login to story, with times (UTC).

    Example: quillgate trace "acme/incoming/q3 sales.csv"
    """
    life = life_of(Deployment.of(find(environment, stack, state)), key, whole=whole)
    if json:
        typer.echo(json_module.dumps(asdict(life)))
        return
    for line in screen(life, whole=whole):
        typer.echo(line)


def screen(life: Life, *, whole: bool) -> Iterator[str]:
    """The lines of `life`: 40 of 100 columns at the most, unless it shall be `whole`."""
    height = (_HEIGHT - _HEAD) // len(life.versions)
    lines = list(_head(life))
    for version in life.versions:
        told = list(_version(version, None if whole else _ID))
        lines += ["", *(told if whole else _folded(told, height - 1))]
    for line in map(safe, lines):
        yield line if whole else short(line, _WIDTH)


def _head(life: Life) -> Iterator[str]:
    yield f"{life.key!r} on {life.environment}, stack {life.stack}"
    yield life.route
    if life.has_older:
        yield "older versions are left out - see them with --all"


def _version(version: VersionLife, id_width: int | None) -> Iterator[str]:
    yield f"version {version.version_id[:id_width]}  {_date(version.at)} UTC  {_outcome(version)}"
    for moment in version.moments:
        # The day is in the line above, unless it is another one.
        day = "" if moment.at[:10] == version.at[:10] else f"{moment.at[:10]} "
        yield f"  {day}{moment.at[11:23]}  {moment.where:8}  {moment.what}"
    for remark in version.remarks:
        yield f"  {remark}"


def _outcome(version: VersionLife) -> str:
    if version.is_deletion:
        return "a deletion"
    by = f"by {version.uploaded_by}, " if version.uploaded_by else ""
    tries = f" after {version.attempts} attempts" if version.attempts > 1 else ""
    return f"{version.size} bytes, {by}{version.outcome or 'not in the ledger'}{tries}"


def _date(at: str) -> str:
    return at[:19].replace("T", " ")


def _folded(lines: list[str], height: int) -> list[str]:
    """The beginning and the end of what is too long."""
    if len(lines) <= height:
        return lines
    end = (height - 1) // 2
    left_out = len(lines) - (height - 1)
    note = f"  ... {left_out} lines are left out - see them with --all"
    return [*lines[: height - 1 - end], note, *lines[len(lines) - end :]]
