"""The repository's template, and where it lies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from samtranslator.yaml_helper import yaml_parse

from quillgate.deploy.conditions import Template, broken_rules
from quillgate.errors import DeployError

_FUNCTION = "AWS::Serverless::Function"
MASKED = "****"  # what CloudFormation shows of a NoEcho parameter


def repository() -> Path:
    """The checkout this command belongs to. Raises DeployError when it is not there any more."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "stack" / "template.yaml").is_file():
        raise DeployError(
            "no stack/template.yaml in", str(root), "run quillgate from its own checkout"
        )
    return root


def load(repo: Path, name: str = "template.yaml") -> Template:
    """A template in `stack/` with its short forms (`!Ref`) written out."""
    return cast(Template, yaml_parse((repo / "stack" / name).read_text()))


def with_code(template: Template, bucket: str, key: str) -> Template:
    """The template with the functions' code at `s3://bucket/key` in place of its folder."""
    code = {"CodeUri": f"s3://{bucket}/{key}"}
    resources = {
        name: _with_code(it, code) if it["Type"] == _FUNCTION else it
        for name, it in template["Resources"].items()
    }
    return {**template, "Resources": resources}


def _with_code(function: dict[str, Any], code: dict[str, str]) -> dict[str, Any]:
    # Metadata is SAM CLI's business: the package is built already.
    kept = {name: it for name, it in function.items() if name != "Metadata"}
    return {**kept, "Properties": {**function["Properties"], **code}}


def check_parameters(template: Template, values: Mapping[str, str]) -> None:
    """Raise DeployError for a value the template does not take; not every engine looks at it."""
    for name, value in values.items():
        if value == MASKED:
            continue
        definition = template["Parameters"].get(name)
        if definition is None:
            known = ", ".join(sorted(template["Parameters"]))
            raise DeployError("no such parameter", name, f"the template has: {known}")
        problem = _problem(definition, value)
        if problem:
            shown = "****" if definition.get("NoEcho") else value
            raise DeployError(f"parameter {name}", shown, problem)
    missing = [
        name
        for name, it in template["Parameters"].items()
        if "Default" not in it and name not in values
    ]
    if missing:
        raise DeployError(
            "parameter without a value", missing[0], f"add --parameter {missing[0]}=..."
        )
    for problem in broken_rules(template, values):
        raise DeployError(
            "parameters do not go together",
            ", ".join(name for name in values if values[name] and name in problem),
            problem,
        )


def _problem(definition: Mapping[str, object], value: str) -> str | None:
    allowed = definition.get("AllowedValues")
    if isinstance(allowed, list) and value not in map(str, allowed):
        return f"use one of {', '.join(map(str, allowed))}"
    pattern = definition.get("AllowedPattern")
    if pattern and not re.fullmatch(str(pattern), value):
        return f"it must be {definition.get('ConstraintDescription', f'like {pattern}')}"
    most = definition.get("MaxLength")
    if isinstance(most, int) and len(value) > most:
        return f"it must have at most {most} characters"
    if definition["Type"] == "Number":
        return _number_problem(definition, value)
    return None


def _number_problem(definition: Mapping[str, object], value: str) -> str | None:
    low, high = definition.get("MinValue"), definition.get("MaxValue")
    if not re.fullmatch(r"-?\d+", value):
        return "it must be a whole number"
    below = isinstance(low, int) and int(value) < low
    above = isinstance(high, int) and int(value) > high
    return f"it must be from {low} to {high}" if below or above else None
