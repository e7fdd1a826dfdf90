"""`quillgate deploy`: the stack onto AWS, or again onto the environment that runs here."""

from __future__ import annotations

from typing import cast

import boto3
import typer

from quillgate.deploy import aws, local
from quillgate.deploy.stack import Plan, Stack
from quillgate.deploy.template import repository
from quillgate.environment import stack_parameters
from quillgate.errors import TargetError
from quillgate.options import (
    EnvironmentOption,
    ParameterOption,
    StackOption,
    StateOption,
    YesOption,
    parameters,
)
from quillgate.state import State
from quillgate.target import DEFAULT_STATE, Client, load


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
        typer.echo(f"{found.environment}, stack {found.stack_name}", err=True)
        values = stack_parameters(State(state), found.quill_url, given)
        _print_outputs(local.deploy(found.client, repository(), values).outputs)


def _deploy_to_aws(stack: str | None, given: dict[str, str], yes: bool) -> None:
    session = boto3.Session()
    if not session.region_name:
        raise TargetError("no region for", "aws", "set AWS_REGION or a region in your profile")
    client = cast(Client, session.client)
    account = local.account_id(client)
    plan = aws.plan(client, session.region_name, repository(), given, stack)
    typer.echo(f"aws, account {account}, {session.region_name}, stack {plan.stack_name}", err=True)
    _print_plan(plan)
    if plan.changes and not yes:
        typer.confirm("Carry this out?", abort=True)
    _print_outputs(Stack(client("cloudformation"), plan.stack_name).execute(plan))


def _print_plan(plan: Plan) -> None:
    for change in plan.changes:
        warning = "  REPLACED: the old one is deleted" if change.replacement else ""
        typer.echo(f"  {change.action:8} {change.logical_id} ({change.type}){warning}")
    if not plan.changes:
        typer.echo("  nothing to change")


def _print_outputs(outputs: dict[str, str]) -> None:
    for name, value in outputs.items():
        typer.echo(f"{name}: {value}")
