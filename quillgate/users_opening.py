"""How the commands about users begin: which stack is meant, and whether that is meant."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from quillgate.audit import Audit
from quillgate.consent import name_and_ask
from quillgate.errors import UserError
from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import person
from quillgate.target import EnvironmentName, find
from quillgate.users.directory import Directory
from quillgate.users.key_kinds import TOO_LONG
from quillgate.users.key_text import text_of
from quillgate.users.keys import Pasted, read_keys

_MOST_BYTES = 1_000_000

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the SFTP user.")]
SharedOption = Annotated[
    bool, typer.Option("--allow-shared-key", help="Take a key that another user has as well.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="As one object of JSON.")]


@dataclass(frozen=True)
class Opened:
    """A stack, and its users as the person at this terminal changes them."""

    deployment: Deployment
    directory: Directory

    def name_and_ask(self, question: str, *, yes: bool) -> None:
        """Name the stack that is about to be changed; on AWS ask, unless `yes`."""
        name_and_ask(self.deployment.target, lambda: question, yes=yes)


def opened(environment: EnvironmentName | None, stack: str | None, state: Path) -> Opened:
    """The stack of a command's options."""
    deployment = Deployment.of(find(environment, stack, state))
    audit = Audit(deployment.ledger, person(deployment))
    return Opened(deployment, Directory.of(deployment, audit))


def keys_in(file: Path) -> Pasted:
    """The keys in a file, or on standard input for `-`; UserError when any cannot be used."""
    content = _content(file)
    if len(content) > _MOST_BYTES:
        raise UserError("no key was taken from", str(file), TOO_LONG)
    pasted = read_keys(text_of(content))
    for note in pasted.notes:
        typer.echo(f"note: {note}", err=True)
    if pasted.problems:
        raise UserError("no key was taken from", str(file), "; ".join(map(str, pasted.problems)))
    return pasted


def _content(file: Path) -> bytes:
    """No more than shows that it is too long."""
    if str(file) == "-":
        if sys.stdin.isatty():
            typer.echo("paste the public key, then press Ctrl-D on a line of its own", err=True)
        return sys.stdin.buffer.read(_MOST_BYTES + 1)
    try:
        with file.open("rb") as opened_file:
            return opened_file.read(_MOST_BYTES + 1)
    except OSError as error:
        advice = f"name a file that can be read ({error.strerror})"
        raise UserError("cannot read keys from", str(file), advice) from error
