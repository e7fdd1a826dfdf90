"""Options that several sub-commands share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from quillgate.operate.words import safe
from quillgate.target import EnvironmentName

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

StateOption = Annotated[Path, typer.Option(help="Folder the environment keeps itself in.")]
EnvironmentOption = Annotated[
    EnvironmentName | None,
    typer.Option(help="Where the stack is; without it the one running from ./.quillgate."),
]
StackOption = Annotated[str | None, typer.Option(help="Name of the stack.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ParameterOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A parameter of stack/template.yaml; repeatable."),
]


def parameters(given: Iterable[str] | None) -> dict[str, str]:
    """`NAME=VALUE` words as a mapping. Wrong usage (exit 2) for a word without `=`."""
    values: dict[str, str] = {}
    for word in given or ():
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"not NAME=VALUE: '{word}'", param_hint="--parameter")
        values[name] = value
    return values


def time_of(text: str, now: datetime, option: str) -> datetime:
    """`90s`, `30m`, `2h` or `7d` before now, or a time in ISO 8601: UTC, unless it says another.

    Wrong usage (exit 2) for anything else.
    """
    try:
        if found := re.fullmatch(r"(\d{1,6})([smhd])", text):
            return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        advice = f"neither like 2h nor like 2026-11-23T09:00: '{safe(text)}'"
        raise typer.BadParameter(advice, param_hint=option) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
