"""Deploys the console beside its instance: `stack/console.yaml`, a stack of its own on AWS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from quillgate.deploy import aws, package
from quillgate.deploy import template as templates
from quillgate.deploy.conditions import Template
from quillgate.deploy.local import stack_name
from quillgate.deploy.stack import Plan, Stack
from quillgate.errors import DeployError
from quillgate.target import Client

_TEMPLATE = "console.yaml"
_NAMES = ("Environment", "Platform", "Function")


def stack_for(client: Client, repo: Path, given: Mapping[str, str], name: str | None) -> Stack:
    """The console's stack: `name`, or the instance's name and `-console`."""
    instance = _instance(templates.load(repo, _TEMPLATE), given)
    return Stack(client("cloudformation"), name or f"{instance}-console")


def plan(client: Client, region: str, repo: Path, given: Mapping[str, str], stack: Stack) -> Plan:
    """What a deploy would change. Stores the package, changes nothing else.

    Raises DeployError when there is no instance of that name.
    """
    template = templates.load(repo, _TEMPLATE)
    values = aws.parameters(template, stack, given)
    values |= {**_of_instance(client, template, values), **given}
    templates.check_parameters(template, values)
    part = package.console(repo)
    return aws.stored_and_planned(client, region, template, values, part, stack)


def _of_instance(client: Client, template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """The parameters that the instance's own stack has the values of."""
    name = _instance(template, values)
    instance = Stack(client("cloudformation"), name)
    outputs, parameters = instance.outputs(), instance.parameters()
    if not {"ServerId", "UserRoleArn"} <= outputs.keys():
        advice = "name it: --parameter Environment=... (Platform, Function), or StackName=..."
        raise DeployError("no instance for the console", name, advice)
    found = {key: outputs[key] for key in ("ServerId", "UserRoleArn")}
    shared = (*_NAMES, "KmsKeyArn")
    return found | {key: parameters[key] for key in shared if key in parameters}


def _instance(template: Template, values: Mapping[str, str]) -> str:
    return values.get("StackName") or stack_name(template, values)
