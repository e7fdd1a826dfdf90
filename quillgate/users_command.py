"""`quillgate users`: SFTP users, their keys, and what they may do."""

from __future__ import annotations

import json as json_module
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from quillgate import users_keys_command
from quillgate.explain import explain, find_user
from quillgate.operate.words import safe
from quillgate.options import EnvironmentOption, StackOption, StateOption, YesOption
from quillgate.state import DEFAULT_STATE
from quillgate.target import find
from quillgate.users.model import Account, Listed
from quillgate.users.unrouted import unrouted
from quillgate.users_import_command import HomeTypeOption, import_users
from quillgate.users_keys_command import key_line, undo_lines
from quillgate.users_opening import JsonOption, NameArgument, SharedOption, keys_in, opened

app = typer.Typer(
    help="SFTP users, their keys, and what they may do."
    "\n\nExample: quillgate users add acme --key acme.pub",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(users_keys_command.app, name="keys")
_ALL = 1_000_000


@app.command()
def add(  # noqa: PLR0913, PLR0917  # the words and options of a command
    name: NameArgument,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Public keys; - for standard input.")
    ] = None,
    folder: Annotated[
        str | None, typer.Option(help="The home's folder in the bucket; else as the user is named.")
    ] = None,
    home_type: HomeTypeOption = "PATH",
    allow_shared_key: SharedOption = False,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Make the user NAME with a home, and print the note to send to the customer.

    The home has the folders incoming and outgoing. OpenSSH, PuTTY (RFC 4716) and PEM keys are
    understood, one or several.

    Example: quillgate users add acme --key acme.pub
    """
    keys = keys_in(key).keys if key else ()
    found = opened(environment, stack, state)
    found.name_and_ask(f"Make user {safe(name)}?", yes=yes)
    found.directory.learn_keys()
    account = found.directory.add(
        name, keys, folder=folder, home_type=home_type, allow_shared=allow_shared_key
    )
    typer.echo(found.directory.connection_note(account), nl=False)
    if not keys:
        advice = f"quillgate users keys add {name} FILE"
        typer.echo(f"warning: nobody can log in as {name} without a key: {advice}", err=True)
    if warning := unrouted(found.deployment, [account]):
        typer.echo(f"warning: {warning}", err=True)


@app.command("list")
def list_users(
    search: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Only names that hold all the words.")
    ] = None,
    json: JsonOption = False,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Show the users: name, keys, home.

    Example: quillgate users list --search acme
    """
    directory = opened(environment, stack, state).directory
    users = directory.every() if search is None else directory.search(search, _ALL)
    if json:
        typer.echo(json_module.dumps({"users": [asdict(user) for user in users]}))
        return
    for user in users:
        typer.echo(listed_line(user))


@app.command()
def show(  # noqa: PLR0913, PLR0917  # the words and options of a command
    name: NameArgument,
    json: JsonOption = False,
    note: Annotated[
        bool, typer.Option("--note", help="The note to send to the customer instead.")
    ] = False,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Show the user NAME: home, keys, and whether anybody can log in.

    Example: quillgate users show acme
    """
    directory = opened(environment, stack, state).directory
    account = directory.find(name)
    if json:
        typer.echo(json_module.dumps(asdict(account)))
    elif note:
        typer.echo(directory.connection_note(account), nl=False)
    else:
        for line in _shown(account):
            typer.echo(line)


@app.command()
def disable(
    name: NameArgument,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Let nobody log in as the user NAME until `enable`; keys, home and files are kept.

    Sessions that are open go on until they end: Transfer has no call that ends them.

    Example: quillgate users disable acme
    """
    found = opened(environment, stack, state)
    before = found.directory.find(name)
    found.name_and_ask(f"Disable user {name}?", yes=yes)
    account = found.directory.disable(name)
    already = " already" if before.is_disabled else ""
    typer.echo(f"{name} is disabled{already}; keys kept: {len(account.keys)}")
    typer.echo(f"undo: quillgate users enable {name}")


@app.command()
def enable(
    name: NameArgument,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Let the disabled user NAME log in again, with the keys that were kept.

    Example: quillgate users enable acme
    """
    found = opened(environment, stack, state)
    before = found.directory.find(name)
    found.name_and_ask(f"Enable user {name}?", yes=yes)
    account = found.directory.enable(name)
    already = "" if before.is_disabled else " already"
    typer.echo(f"{name} is enabled{already}; keys: {len(account.keys)}")


@app.command()
def remove(
    name: NameArgument,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    yes: YesOption = False,
) -> None:
    """Remove the user NAME and the keys. The files stay in the bucket.

    Prints the keys and the command that makes the user again.

    Example: quillgate users remove acme
    """
    found = opened(environment, stack, state)
    account = found.directory.find(name)
    found.name_and_ask(f"Remove user {name}, with {len(account.keys)} keys?", yes=yes)
    found.directory.remove(name)
    typer.echo(f"{name} is removed; the files stay in {safe(account.home) or 'the bucket'}")
    for line in made_again(account):
        typer.echo(line)


app.command("import")(import_users)


def made_again(account: Account) -> list[str]:
    """How to undo the removal of a user: a command, and the keys to paste into it."""
    if not account.folder:
        return ["undo: by hand only, the home was no folder of its own"]
    words = ["quillgate users add", account.name]
    words += ["--folder", shlex.quote(account.folder)] if account.folder != account.name else []
    words += ["--home-type", account.home_type] if account.home_type != "PATH" else []
    words += ["--key", "-"] if account.keys else []
    disabled = [f"and then: quillgate users disable {account.name}"] if account.is_disabled else []
    return [*undo_lines(" ".join(words), account.keys), *disabled]


def listed_line(user: Listed) -> str:
    """A user on one line of `users list`."""
    keys = f"{user.key_count} key{'' if user.key_count == 1 else 's'}"
    state = "disabled" if user.is_disabled else keys
    return f"{user.name:<24}  {state:>8}  {safe(user.home) or '(several folders)'}"


def _shown(account: Account) -> list[str]:
    made = " by ".join(filter(None, (account.created_at, account.created_by)))
    state = f"disabled since {account.disabled_since}" if account.is_disabled else "enabled"
    return [
        f"user     {account.name}",
        f"state    {state}",
        f"home     {safe(account.home) or 'several folders'} ({account.home_type})",
        f"made     {safe(made) or 'not with quillgate'}",
        f"role     {account.role}",
        *(f"key      {key_line(key)}" for key in account.keys),
        *([] if account.keys else ["key      none: nobody can log in"]),
    ]


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
