"""Takes the template apart for engines that have no Transfer Family.

`AWS::Transfer::*` goes to our control plane, Elastic IPs were asked of the engine's EC2 before, the
rest goes to the engine's CloudFormation. Conditions, `If` and `NoValue` are evaluated here, so that
what a false condition switches off never reaches an engine that may not know its type. Inside
Transfer's properties only strings that hold an intrinsic
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

from quillgate.deploy.addresses import Address
from quillgate.deploy.conditions import Template, evaluated

TRANSFER = "AWS::Transfer::"
_OUTPUT_PREFIX = "QuillgateSplit"
# (logical id, attribute) -> value
Attributes = dict[tuple[str, str], str]
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


def split(
    template: Template,
    parameters: Mapping[str, str],
    stack_name: str,
    addresses: Mapping[str, Address] | None = None,
) -> Split:
    """Split `template` as deployed with `parameters` (name -> value) under `stack_name`.

    `addresses` (by logical id) take the place of the Elastic IPs called so. Raises DeployError for
    a condition that is not understood, naming it.
    """
    decided = evaluated(template, parameters)
    known: Attributes = {
        (name, "ServerId"): transfer_server_id(stack_name, name)
        for name, resource in decided["Resources"].items()
        if resource["Type"] == TRANSFER + "Server"
    }
    for name, address in (addresses or {}).items():
        known[name, "AllocationId"] = address.allocation_id
        known[name, "PublicIp"] = known[name, ""] = address.public_ip
    replaced = _spell_out_literals(_replace_attributes(decided, known))
    outputs: dict[str, Any] = {}
    taken = [
        TransferResource(
            name, resource["Type"], _await(name, resource.get("Properties", {}), outputs)
        )
        for name, resource in replaced["Resources"].items()
        if resource["Type"].startswith(TRANSFER)
    ]
    gone = {resource.logical_id for resource in taken} | (addresses or {}).keys()
    rest = _without_words(_trusting(_without(replaced, gone)))
    rest["Outputs"] = {**rest.get("Outputs", {}), **outputs}
    rest["Resources"][_OUTPUT_PREFIX + _digest([outputs, parameters])] = _NOTHING
    return Split(
        rest, tuple(sorted(taken, key=lambda resource: not resource.type.endswith("Server")))
    )


def is_split_output(name: str) -> bool:
    """True for an Output that `split` added and people need not see."""
    return name.startswith(_OUTPUT_PREFIX)


def _replace_attributes(node: Any, known: Attributes) -> Any:
    """`GetAtt X.Attribute`, `Ref X`, and both inside a `Sub`, become what is known of them."""
    if isinstance(node, list):
        return [_replace_attributes(each, known) for each in node]
    if isinstance(node, str):
        return re.sub(r"\$\{(\w+)\.?(\w*)\}", lambda m: known.get((m[1], m[2]), m[0]), node)
    if not isinstance(node, dict):
        return node
    named = _attribute(node)
    if named in known:
        return known[named]
    return {key: _replace_attributes(child, known) for key, child in node.items()}


def _attribute(node: Mapping[str, Any]) -> tuple[str, str] | None:
    """Whose attribute `node` is, and which: `Ref` is the one without a name."""
    if node.keys() == {"Ref"}:
        return node["Ref"], ""
    if node.keys() != {"Fn::GetAtt"}:
        return None
    wanted = node["Fn::GetAtt"]
    name, attribute = wanted.split(".", 1) if isinstance(wanted, str) else wanted
    return name, attribute


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


def _without_words(template: Template) -> Template:
    """The template less what only people read: sent inline it may have 51,200 bytes."""
    for section in ("Parameters", "Outputs"):
        template[section] = {
            name: {key: part for key, part in it.items() if key != "Description"}
            for name, it in template.get(section, {}).items()
        }
    return {name: part for name, part in template.items() if name != "Metadata"}


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
