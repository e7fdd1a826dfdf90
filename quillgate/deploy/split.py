"""Takes the template apart for engines that have no Transfer Family.

`AWS::Transfer::*` goes to our control plane, the rest to the engine's CloudFormation. Conditions,
`If` and `NoValue` are evaluated here, so that what a false condition switches off never reaches an
engine that may not know its type. Inside Transfer's properties only strings that hold an intrinsic
(`GetAtt`, `Sub`, ...) need the engine: each becomes an extra Output of the rest, as lists and
`NoValue` do not survive there.

On AWS the template is deployed as it stands; nothing in here is used.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from quillgate.errors import DeployError

Template = dict[str, Any]
TRANSFER = "AWS::Transfer::"
_OUTPUT_PREFIX = "QuillgateSplit"
_NO_VALUE = {"Ref": "AWS::NoValue"}
# A resource that is nothing. Engines do not look at Outputs alone for what has changed: one of
# another name makes them.
_NOTHING = {"Type": "AWS::CloudFormation::WaitConditionHandle"}


@dataclass(frozen=True)
class Awaiting:
    """A string inside Transfer's properties that only the engine can resolve: an Output's name."""

    output: str


@dataclass(frozen=True)
class TransferResource:
    """One `AWS::Transfer::*` resource; `properties` may hold `Awaiting` in place of strings."""

    logical_id: str
    type: str
    properties: dict[str, Any]

    def resolved(self, outputs: Mapping[str, str]) -> dict[str, Any]:
        """The properties with every `Awaiting` replaced by the value of its output."""
        resolved = _map_leaves(
            self.properties,
            lambda leaf: outputs[leaf.output] if isinstance(leaf, Awaiting) else leaf,
        )
        return dict(resolved)


@dataclass(frozen=True)
class Split:
    """`rest` is a template for the engine; `transfer` is for the control plane, servers first."""

    rest: Template
    transfer: tuple[TransferResource, ...]


def transfer_server_id(stack_name: str, logical_id: str) -> str:
    """The id a server of this stack has on every run: `s-` and 17 hexadecimal digits."""
    return "s-" + hashlib.sha256(f"{stack_name}/{logical_id}".encode()).hexdigest()[:17]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:17]


def split(template: Template, parameters: Mapping[str, str], stack_name: str) -> Split:
    """Split `template` as deployed with `parameters` (name -> value) under `stack_name`.

    Raises DeployError for a condition or intrinsic that is not understood, naming it.
    """
    evaluated = decided(template, parameters)
    ids = {
        name: transfer_server_id(stack_name, name)
        for name, resource in evaluated["Resources"].items()
        if resource["Type"] == TRANSFER + "Server"
    }
    replaced = _spell_out_literals(_replace_server_ids(evaluated, ids))
    outputs: dict[str, Any] = {}
    taken = [
        TransferResource(
            name, resource["Type"], _await(name, resource.get("Properties", {}), outputs)
        )
        for name, resource in replaced["Resources"].items()
        if resource["Type"].startswith(TRANSFER)
    ]
    rest = _trusting(_without(replaced, {resource.logical_id for resource in taken}))
    rest["Outputs"] = {**rest.get("Outputs", {}), **outputs}
    rest["Resources"][_OUTPUT_PREFIX + _digest([outputs, parameters])] = _NOTHING
    return Split(
        rest, tuple(sorted(taken, key=lambda resource: not resource.type.endswith("Server")))
    )


def decided(template: Template, parameters: Mapping[str, str]) -> Template:
    """The template with no condition and no `If` left, as deployed with `parameters`.

    Raises DeployError for a condition that is not understood, naming it.
    """
    return _Evaluation(template, parameters).apply()


def is_split_output(name: str) -> bool:
    """True for an Output that `split` added and people need not see."""
    return name.startswith(_OUTPUT_PREFIX)


class _Evaluation:
    """Conditions and `If`s of one template, with one set of parameters."""

    def __init__(self, template: Template, parameters: Mapping[str, str]) -> None:
        self._template = template
        self._values: dict[str, Any] = {
            name: definition.get("Default") for name, definition in template["Parameters"].items()
        }
        self._values.update(parameters)
        self._operators: dict[str, Callable[[Any], Any]] = {
            "Fn::Equals": lambda sides: self._value(sides[0]) == self._value(sides[1]),
            "Fn::Not": lambda conditions: not self._value(conditions[0]),
            "Fn::And": lambda conditions: all(self._value(each) for each in conditions),
            "Fn::Or": lambda conditions: any(self._value(each) for each in conditions),
            "Fn::Join": lambda args: args[0].join(self._value(args[1])),
            "Condition": self.condition,
            "Ref": self._parameter,
        }

    def condition(self, name: str) -> bool:
        """Whether the template's condition of this name holds."""
        conditions = self._template.get("Conditions", {})
        if name not in conditions:
            raise DeployError("no such condition", name, "declare it under Conditions")
        return bool(self._value(conditions[name]))

    def apply(self) -> Template:
        """The template with no `Conditions` left: each is decided."""
        template = {name: part for name, part in self._template.items() if name != "Conditions"}
        for section in ("Resources", "Outputs"):
            template[section] = {
                name: self._decided({key: part for key, part in item.items() if key != "Condition"})
                for name, item in template.get(section, {}).items()
                if "Condition" not in item or self.condition(item["Condition"])
            }
        return template

    def _value(self, node: Any) -> Any:
        """What `node`, a part of a condition, amounts to: a truth, a text or a list of texts."""
        if isinstance(node, list):
            return [self._value(each) for each in node]
        if not isinstance(node, dict):
            return _text(node)
        ((operator, argument),) = node.items()
        if operator not in self._operators:
            raise DeployError(
                "condition not understood", str(operator), "use Equals, Not, And, Or, Join, Ref"
            )
        return self._operators[operator](argument)

    def _parameter(self, name: str) -> Any:
        if name not in self._values:
            raise DeployError(
                "no such parameter in a condition", name, "declare it under Parameters"
            )
        is_list = self._template["Parameters"][name]["Type"] == "CommaDelimitedList"
        value = _text(self._values[name])
        return value.split(",") if is_list else value

    def _is_number(self, name: str) -> bool:
        definition = self._template["Parameters"].get(name, {})
        return bool(definition.get("Type") == "Number")

    def _decided(self, node: Any) -> Any:
        """`node` with each `If` replaced by its branch and every `NoValue` gone."""
        if isinstance(node, list):
            return [each for each in map(self._decided, node) if each != _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if node.keys() == {"Ref"} and self._is_number(node["Ref"]):
            # ministack hands a Number's Ref on as a string, and then compares it with numbers.
            return int(self._values[node["Ref"]])
        if node.keys() == {"Fn::If"}:
            name, then, otherwise = node["Fn::If"]
            return self._decided(then if self.condition(name) else otherwise)
        decided = {key: self._decided(child) for key, child in node.items()}
        return (
            {key: child for key, child in decided.items() if child != _NO_VALUE}
            if decided != _NO_VALUE
            else decided
        )


def _text(scalar: Any) -> str:
    """As CloudFormation compares it: 1 equals "1" and true equals "true"."""
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)


def _replace_server_ids(node: Any, ids: Mapping[str, str]) -> Any:
    """`GetAtt X.ServerId` and `${X.ServerId}` become X's id wherever they stand."""
    if isinstance(node, list):
        return [_replace_server_ids(each, ids) for each in node]
    if isinstance(node, str):
        return re.sub(r"\$\{(\w+)\.ServerId\}", lambda m: ids.get(m[1], m[0]), node)
    if not isinstance(node, dict):
        return node
    for name, server_id in ids.items():
        if node in ({"Fn::GetAtt": [name, "ServerId"]}, {"Fn::GetAtt": f"{name}.ServerId"}):
            return server_id
    return {key: _replace_server_ids(child, ids) for key, child in node.items()}


def _spell_out_literals(node: Any) -> Any:
    """`${!name}` inside a `Sub`, which means the text `${name}`, becomes a variable of that value.

    LocalStack does not know the escape and looks for a resource called `!name`.
    """
    if isinstance(node, list):
        return [_spell_out_literals(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.keys() != {"Fn::Sub"}:
        return {key: _spell_out_literals(child) for key, child in node.items()}
    text, variables = (node["Fn::Sub"], {}) if isinstance(node["Fn::Sub"], str) else node["Fn::Sub"]
    names = list(dict.fromkeys(re.findall(r"\$\{!([^}]+)\}", text)))
    if not names:
        return node
    for number, name in enumerate(names):
        text = text.replace(f"${{!{name}}}", f"${{Literal{number}}}")
    literals = {f"Literal{number}": f"${{{name}}}" for number, name in enumerate(names)}
    return {"Fn::Sub": [text, {**variables, **literals}]}


def _await(path: str, node: Any, outputs: dict[str, Any]) -> Any:
    """`node` with each intrinsic replaced by an `Awaiting`, whose Output is added to `outputs`."""
    if isinstance(node, list):
        return [_await(f"{path}{index}", each, outputs) for index, each in enumerate(node)]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and (next(iter(node)) == "Ref" or next(iter(node)).startswith("Fn::")):
        name = _OUTPUT_PREFIX + path
        outputs[name] = {"Value": node}
        return Awaiting(name)
    return {key: _await(path + key, child, outputs) for key, child in node.items()}


def _trusting(node: Any) -> Any:
    """`node` with no condition on statements that let Transfer assume a role.

    The condition names the account and the users that Transfer acts for; an engine's STS never
    hears of them when our Transfer assumes the role, and would refuse.
    """
    if isinstance(node, list):
        return [_trusting(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("Principal") == {"Service": "transfer.amazonaws.com"}:
        return {key: child for key, child in node.items() if key != "Condition"}
    return {key: _trusting(child) for key, child in node.items()}


def _map_leaves(node: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(node, list):
        return [_map_leaves(each, change) for each in node]
    if isinstance(node, dict):
        return {key: _map_leaves(child, change) for key, child in node.items()}
    return change(node)


def _without(template: Template, logical_ids: set[str]) -> Template:
    """The template less these resources; nothing depends any more on what is not there."""
    left = template["Resources"].keys() - logical_ids
    resources = {
        name: _depending_on(resource, left)
        for name, resource in template["Resources"].items()
        if name in left
    }
    return {**template, "Resources": resources}


def _depending_on(resource: dict[str, Any], left: set[str]) -> dict[str, Any]:
    depends = resource.get("DependsOn", [])
    kept = [name for name in ([depends] if isinstance(depends, str) else depends) if name in left]
    others = {key: part for key, part in resource.items() if key != "DependsOn"}
    return {**others, "DependsOn": kept} if kept else others
