"""What the person who deploys has agreed to, beforehand or when asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from quillgate.errors import DeployError


@dataclass(frozen=True)
class Consent:
    """`yes`: do not ask. `to_lose`: resources that may be replaced or deleted; `yes` is no such."""

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
