"""What a person has agreed to, beforehand or when asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from quillgate.errors import DeployError
from quillgate.target import Target


def name_and_ask(target: Target, question: Callable[[], str], *, yes: bool) -> None:
    """Name the stack that is about to be changed; on AWS ask, unless `yes`.

    `question` is worded only then. Raises typer.Abort for a no.
    """
    typer.echo(target.title, err=True)
    if target.environment == "aws" and not yes:
        typer.confirm(question(), abort=True)


@dataclass(frozen=True)
class Consent:
    """Of the person who deploys.

    `yes`: do not ask. `to_lose`: resources that may be replaced or deleted; `yes` is no such.
    """

    yes: bool = False
    to_lose: tuple[str, ...] = ()
    dry_run: bool = False

    def ask(self, question: str) -> None:
        """Ask unless that was agreed to. Raises typer.Abort for a no."""
        if not self.yes:
            typer.confirm(question, abort=True)

    def ask_to_lose(self, names: Sequence[str]) -> None:
        """Ask by name about each resource that nobody has agreed to lose.

        Raises typer.Abort for a no, and DeployError where nobody is to be asked.
        """
        for name in names:
            if name in self.to_lose:
                continue
            if self.yes:
                raise DeployError(
                    "would be replaced or deleted",
                    name,
                    f"if you mean it add --allow-replace {name}",
                )
            typer.confirm(f"{name} would be replaced or deleted. Do you mean it?", abort=True)
