"""Options that several sub-commands share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from quillgate.target import EnvironmentName

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
