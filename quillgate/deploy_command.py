"""`quillgate deploy`: the stack onto AWS, or again onto the environment that runs here."""

from __future__ import annotations

from typing import cast

import typer

from quillgate.deploy import aws, local
from quillgate.deploy.stack import Plan
from quillgate.deploy.template import repository
from quillgate.errors import TargetError
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


def deploy(
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
    parameter: ParameterOption = None,
    yes: YesOption = False,
) -> None:
    """Deploy stack/ and watchdog/: again to the running environment, or to AWS.

    Example: quillgate deploy --environment aws --parameter Environment=prod
    --parameter QuillUrl=https://quill.example.com --parameter QuillToken=...
    """
    given = parameters(parameter)
    if environment == "aws":
        _deploy_to_aws(stack, given, yes)
    else:
        found = load(state, environment)
        if stack not in (None, found.stack_name):
            raise TargetError("no such stack here", str(stack), f"this is {found.stack_name}")
        typer.echo(f"{found.environment}, stack {found.stack_name}", err=True)
        folder = State(state, found.environment)
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


def _deploy_to_aws(name: str | None, given: dict[str, str], yes: bool) -> None:
    session = aws_session()
    client = cast(Client, session.client)
    stack = aws.stack_for(client, repository(), given, name)
    account = local.account_id(client)
    typer.echo(f"aws, account {account}, {session.region_name}, stack {stack.name}", err=True)
    if stack.has_failed_create():
        _ask("Its creation had failed. Delete what is left of it?", yes)
        stack.remove_failed_create()
    plan = aws.plan(client, session.region_name, repository(), given, stack)
    _print_plan(plan)
    if not plan.is_empty:
        try:
            _ask("Carry this out?", yes)
        except typer.Abort:
            stack.abandon(plan)
            raise
    _print_outputs(stack.execute(plan))


def _ask(question: str, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True)


def _print_plan(plan: Plan) -> None:
    for change in plan.changes:
        warning = "  REPLACED by a new one" if change.replacement else ""
        typer.echo(f"  {change.action:8} {change.logical_id} ({change.type}){warning}")
    if not plan.changes:
        typer.echo("  nothing to change" if plan.is_empty else "  parameters or outputs only")


def _print_outputs(outputs: dict[str, str]) -> None:
    for name, value in outputs.items():
        typer.echo(f"{name}: {value}")
