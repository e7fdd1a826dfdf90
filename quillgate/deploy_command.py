"""`quillgate deploy`: the stack onto AWS, or again onto the environment that runs here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

import typer

from quillgate.consent import Consent
from quillgate.deploy import aws, connect, console, host_keys, local, words
from quillgate.deploy.host_keys import HostKey
from quillgate.deploy.stack import Plan, Stack
from quillgate.deploy.template import check_parameters, repository
from quillgate.deploy.template import load as load_template
from quillgate.errors import DeployError, TargetError
from quillgate.options import (
    EnvironmentOption,
    ParameterOption,
    StackOption,
    StateOption,
    YesOption,
    parameters,
)
from quillgate.ready import stack_parameters
from quillgate.state import DEFAULT_STATE, State
from quillgate.target import Client, Environment, Target, aws_session, load


def deploy(  # noqa: PLR0913, PLR0917 - the options of the command
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    parameter: ParameterOption = None,
    host_key: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Private host key of the old server, so that no client sees another one; kept as"
            " a secret. With the first deploy; repeatable.",
        ),
    ] = None,
    allow_replace: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Let this resource be replaced or deleted; repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="On AWS: show what would change, and change nothing.")
    ] = False,
    with_console: Annotated[
        bool,
        typer.Option("--console", help="On AWS: deploy the instance's console, not the instance."),
    ] = False,
    yes: YesOption = False,
) -> None:
    """Deploy stack/ and watchdog/: again to the running environment, or to AWS.

    Example: quillgate deploy --environment aws --parameter Environment=prod
    --parameter QuillUrl=https://quill.example.com --parameter QuillToken=...
    """
    given = parameters(parameter)
    keys = [host_keys.read(file) for file in host_key or ()]
    if dry_run and (keys or environment != "aws"):
        raise typer.BadParameter("--dry-run goes with --environment aws, and not with --host-key")
    if with_console and (keys or environment != "aws"):
        raise typer.BadParameter("--console goes with --environment aws, and not with --host-key")
    if environment == "aws":
        session = aws_session()
        consent = Consent(yes, tuple(allow_replace or ()), dry_run)
        if with_console:
            console_to_aws(cast(Client, session.client), session.region_name, stack, given, consent)
            return
        to_aws(cast(Client, session.client), session.region_name, stack, given, keys, consent)
    else:
        found = load(state, environment)
        if stack not in (None, found.stack_name):
            raise TargetError("no such stack here", str(stack), f"this is {found.stack_name}")
        typer.echo(f"{found.environment}, stack {found.stack_name}", err=True)
        folder = State(state, found.environment)
        given |= _kept(found.client, given, keys)
        url, token = _quill_of(found, folder)
        values = stack_parameters(folder, url, token, given)
        _print_outputs(local.deploy(found.client, repository(), values).outputs)
        folder.remember_parameters(given)


def _quill_of(found: Environment, folder: State) -> tuple[str, str]:
    """Quill's URL as the watchdog reaches it, and its token."""
    if found.environment != "compose":
        return found.quill_url, folder.quill_token()
    # Known inside the project only; a masked value stays as it is.
    values = Target(found.environment, found.stack_name, found.client).parameters()
    return values["QuillUrl"], values["QuillToken"]


def to_aws(  # noqa: PLR0913, PLR0917 - the options of the command
    client: Client,
    region: str,
    name: str | None,
    given: dict[str, str],
    keys: list[HostKey],
    consent: Consent,
) -> None:
    """Show what a deploy would change, ask, do it, and say where customers connect."""
    stack = aws.stack_for(client, repository(), given, name)
    _make_room(client, region, stack, consent)
    aws.check_host_keys(stack, given, keys)
    if not _took_in(client, stack, given, consent):
        return
    plan = aws.plan(client, region, repository(), given | _kept(client, given, keys), stack)
    losing = _agreed(stack, plan, consent)
    if losing is None:
        return
    # Also when nothing changes: a deploy that lost its credentials ends on AWS without protection.
    outputs = stack.execute_protected(plan, losing)
    _print_outputs(outputs)
    typer.echo("Customers connect to:")
    for line in connect.lines(client, outputs):
        typer.echo(f"  {line}")


def console_to_aws(
    client: Client, region: str, name: str | None, given: dict[str, str], consent: Consent
) -> None:
    """The same for the console of an instance that is there; at the end, where it is."""
    stack = console.stack_for(client, repository(), given, name)
    _make_room(client, region, stack, consent)
    plan = console.plan(client, region, repository(), given, stack)
    if _agreed(stack, plan, consent) is not None:
        _print_outputs(stack.execute(plan))


def _make_room(client: Client, region: str, stack: Stack, consent: Consent) -> None:
    """Name the target. In the way is what goes on there, and what is left of a failed creation."""
    typer.echo(f"aws, account {local.account_id(client)}, {region}, stack {stack.name}", err=True)
    stack.check_free()
    if stack.has_failed_create() and not consent.dry_run:
        consent.ask("Its creation had failed. Delete what is left of it?")
        stack.remove_failed_create()


def _took_in(client: Client, stack: Stack, given: Mapping[str, str], consent: Consent) -> bool:
    """Whether the buckets of an earlier stack of this name are part of this one, if there are any.

    Not in a dry run: it changes nothing, and CloudFormation plans nothing whose name is taken.
    """
    template = load_template(repository())
    left = local.orphans(client, stack, local.stack_name(template, given))
    for bucket in left.values():
        typer.echo(f"  there already: bucket {bucket}")
    if left and consent.dry_run:
        typer.echo("  a deploy takes them in first, and shows then what it would change")
    elif left:
        check_parameters(template, given)
        # What belongs to another stack CloudFormation refuses to import.
        consent.ask("Left by an earlier stack? This one takes them in, with all that they hold.")
        stack.adopt_buckets(left)
    return not (left and consent.dry_run)


def _agreed(stack: Stack, plan: Plan, consent: Consent) -> list[str] | None:
    """Show the plan and ask; gives what may be lost, and None when nothing is to be done.

    Nothing is left of a plan when somebody says no.
    """
    for line in words.lines(plan):
        typer.echo(f"  {line}")
    if consent.dry_run:
        stack.abandon(plan)
        return None
    if plan.is_empty:
        return []
    try:
        losing = words.must_be_allowed(plan)
        consent.ask("Carry this out?")
        consent.ask_to_lose(losing)
    except (typer.Abort, DeployError):
        stack.abandon(plan)
        raise
    return losing


def _kept(client: Client, given: Mapping[str, str], keys: list[HostKey]) -> dict[str, str]:
    """Each host key in a secret; gives the template's parameters for them."""
    if not keys:
        return {}
    defaults = {
        name: it.get("Default") for name, it in load_template(repository())["Parameters"].items()
    }
    folder = "/".join(
        str(given.get(n, defaults[n])) for n in ("Environment", "Platform", "Function")
    )
    for key in keys:
        typer.echo(f"host key {key.kind}: {key.fingerprint}", err=True)
    return host_keys.store(client("secretsmanager"), folder, keys, given.get("KmsKeyArn", ""))


def _print_outputs(outputs: dict[str, str]) -> None:
    for name, value in outputs.items():
        typer.echo(f"{name}: {value}")
