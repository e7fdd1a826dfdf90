"""`quillgate users keys`: what users log in with."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from quillgate.operate.words import safe
from quillgate.options import EnvironmentOption, StackOption, StateOption, YesOption
from quillgate.state import DEFAULT_STATE
from quillgate.users.directory import chosen_key
from quillgate.users.model import HeldKey
from quillgate.users_opening import JsonOption, NameArgument, SharedOption, keys_in, opened

app = typer.Typer(
    help="The public keys that SFTP users log in with."
    "\n\nExample: quillgate users keys add acme acme.pub",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def add(  # noqa: PLR0913, PLR0917  # the words and options of a command
    name: NameArgument,
    file: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="Public keys; - for standard input.")
    ] = Path("-"),
    allow_shared_key: SharedOption = False,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Add the public keys of FILE to the user NAME. Those the user has already are no error.

    OpenSSH, PuTTY (RFC 4716) and PEM are understood, one key or several.

    Example: quillgate users keys add acme acme.pub
    """
    keys = keys_in(file).keys
    found = opened(environment, stack, state)
    before = found.directory.find(name)
    found.name_and_ask(f"Add {_count(len(keys))} to user {name}?", yes=yes)
    found.directory.learn_keys()
    for key in keys:
        if before.has(key.fingerprint):
            typer.echo(f"has it already: {key}")
            continue
        found.directory.add_key(name, key, allow_shared=allow_shared_key)
        typer.echo(f"added: {key}")
    if before.is_disabled:
        typer.echo(f"{name} is disabled: the keys work from `quillgate users enable {name}` on")


@app.command("list")
def list_keys(
    name: NameArgument,
    json: JsonOption = False,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Show the keys of the user NAME: id, fingerprint, type, since when, comment.

    Example: quillgate users keys list acme
    """
    account = opened(environment, stack, state).directory.find(name)
    if json:
        typer.echo(json_module.dumps({"keys": [asdict(key) for key in account.keys]}))
        return
    for key in account.keys:
        typer.echo(key_line(key))


@app.command()
def remove(  # noqa: PLR0913, PLR0917  # the words and options of a command
    name: NameArgument,
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="Its id (key-...), fingerprint (SHA256:...) or itself."),
    ],
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Take a key from the user NAME: the next login with it is refused.

    Sessions that are open go on until they end: Transfer has no call that ends them.

    Example: quillgate users keys remove acme SHA256:LBkr5GuKIHAnh9I38p+Anl9SrP15GH6CtJThFE8yIXI
    """
    found = opened(environment, stack, state)
    chosen = chosen_key(found.directory.find(name), key)
    found.name_and_ask(f"Take the key {chosen.fingerprint} from user {name}?", yes=yes)
    account = found.directory.remove_key(name, key)
    typer.echo(f"removed; {name} has {_count(len(account.keys))} left")
    for line in undo_lines(f"quillgate users keys add {name}", [chosen]):
        typer.echo(line)
    if not account.keys:
        typer.echo(f"warning: nobody can log in as {name} now", err=True)


def undo_lines(command: str, keys: Sequence[HeldKey]) -> list[str]:
    """A command that undoes what was done, and the keys to paste into it."""
    return [f"undo: {command}", *(f"  {safe(key.line)}" for key in keys)]


def key_line(key: HeldKey) -> str:
    """One key on one line."""
    bits = f" {key.bits}" if key.type == "ssh-rsa" else ""
    since = f"{key.imported_at[:16].replace('T', ' ')} UTC"
    words = (key.id or "-", key.fingerprint, f"{key.type}{bits}", since, safe(key.comment))
    return "  ".join(words).rstrip()


def _count(number: int) -> str:
    return f"{number} key{'' if number == 1 else 's'}"
