"""A policy document, read and checked as AssumeRole checks it: what is malformed is refused.

Grammar: IAM user guide, reference_policies_grammar. A document that cannot be read decides
nothing: the caller fails closed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from emulator.files.policies.conditions import Condition
from emulator.files.policies.operators import OPERATORS
from emulator.files.policies.spot import Choice, MalformedPolicy, Spot

_VARIABLES_SINCE = "2012-10-17"
_VERSIONS = ("2008-10-17", _VARIABLES_SINCE)
_ACTION = re.compile(r"\*|(?:[A-Za-z0-9-]+|\*):[\w.*?-]+", re.ASCII)
_RESOURCE = re.compile(r"\*|arn:[a-z*-]+:[a-z0-9-]+:.*", re.DOTALL)
_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?")
_RESOURCES = {"Resource", "NotResource"}
_PRINCIPALS = {"Principal", "NotPrincipal"}
_MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Condition"}


@dataclass(frozen=True)
class Statement:
    """One statement. `label` is its Sid or its number, counted from 1."""

    label: str
    is_allow: bool
    actions: Choice
    resources: Choice
    has_variables: bool
    conditions: tuple[Condition, ...] = ()
    principals: Choice | None = None


@dataclass(frozen=True)
class Document:
    """One policy; `name` is what people call it: `session policy`, an ARN, a name."""

    name: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class _Kind:
    """Which principals statements name, if any, and whether they name resources."""

    principals: str = ""
    has_resources: bool = True


_OF_ROLE, _OF_BUCKET, _OF_TRUST = _Kind(), _Kind("AWS"), _Kind("Service", has_resources=False)


def parse(name: str, policy: str | Mapping[str, Any], *, of_bucket: bool = False) -> Document:
    """Read a document; raises MalformedPolicy. Only a bucket's names principals."""
    return _parsed(name, policy, _OF_BUCKET if of_bucket else _OF_ROLE)


def parse_trust(name: str, policy: str | Mapping[str, Any]) -> Document:
    """Read a role's trust policy, as to the services it names; raises MalformedPolicy."""
    return _parsed(name, policy, _OF_TRUST)


def _parsed(name: str, policy: str | Mapping[str, Any], kind: _Kind) -> Document:
    content = Spot(name, _loaded(name, policy) if isinstance(policy, str) else policy)
    content.only({"Version", "Id", "Statement"})
    version = content.value.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise content.wrong(f"Version '{version}'", f"use {_VARIABLES_SINCE}")
    found = content.value.get("Statement")
    given = found if isinstance(found, list) else [found]
    if not given:
        raise content.wrong("no Statement", "give at least one")
    has_variables = version == _VARIABLES_SINCE
    statements = tuple(
        _statement(Spot(f"{name}, statement {number}", each), number, kind, has_variables)
        for number, each in enumerate(given, start=1)
    )
    return Document(name, statements)


def read_json(text: str) -> object:
    """Read the text of a policy; ValueError too when it nests too deep or gives an element twice.

    Python would keep the last of the two: a Deny or a condition could be lost without a word.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError(str(error)) from error


def _loaded(name: str, policy: str) -> object:
    try:
        return read_json(policy)
    except ValueError as error:
        raise MalformedPolicy(f"malformed policy: '{name}': {error} - write JSON") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"an element is there twice in {sorted(name for name, _ in pairs)}")
    return found


def _statement(spot: Spot, number: int, kind: _Kind, has_variables: bool) -> Statement:
    resources = _RESOURCES if kind.has_resources else set()
    spot.only(_MEMBERS | resources | (_PRINCIPALS if kind.principals else set()))
    effect = spot.value.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise spot.wrong(f"Effect '{effect}'", "use Allow or Deny")
    return Statement(
        label=str(spot.value.get("Sid") or number),
        is_allow=effect == "Allow",
        actions=spot.choice("Action", _ACTION),
        resources=spot.choice("Resource", _RESOURCE) if kind.has_resources else Choice(("*",)),
        has_variables=has_variables,
        conditions=_conditions(spot, has_variables),
        principals=_principals(spot, kind.principals) if kind.principals else None,
    )


def _principals(spot: Spot, kind: str) -> Choice:
    """Those of one kind: only AWS can mean a role's session, only Service a service."""
    name = spot.given("Principal")
    found, negated = spot.value[name], name != "Principal"
    if found == "*":
        return Choice(("*",), negated)
    kinds = Spot(f"{spot.where}, {name}", found)
    kinds.only({"AWS", "Service", "Federated", "CanonicalUser"})
    return Choice(kinds.texts(kind) if kind in found else (), negated)


def _conditions(spot: Spot, has_variables: bool) -> tuple[Condition, ...]:
    operators = Spot(f"{spot.where}, Condition", spot.value.get("Condition", {}))
    return tuple(
        _condition(Spot(f"{operators.where}, {operator}", keys), operator, key, has_variables)
        for operator, keys in operators.value.items()
        for key in Spot(f"{operators.where}, {operator}", keys).value
    )


def _condition(spot: Spot, operator: str, key: str, has_variables: bool) -> Condition:
    found = _OPERATOR.fullmatch(operator)
    base = found[2] if found else ""
    if not found or not (base in OPERATORS or operator == "Null"):
        raise spot.wrong(f"unknown operator '{operator}'", f"use one of {', '.join(OPERATORS)}")
    given = spot.value[key] if isinstance(spot.value[key], list) else [spot.value[key]]
    if not given or not all(isinstance(value, str | bool | int | float) for value in given):
        raise spot.wrong(f"values of '{key}'", "give texts, numbers or Booleans")
    values = tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in given)
    _check_values(spot, base, values)
    quantifier = cast(Any, found[1] or "")
    return Condition(operator, key, values, base, quantifier, bool(found[3]), has_variables)


def _check_values(spot: Spot, base: str, values: tuple[str, ...]) -> None:
    if base == "Null" and not all(value.lower() in ("true", "false") for value in values):
        raise spot.wrong(f"Null '{', '.join(values)}'", "use true or false")
    read = OPERATORS[base].read if base in OPERATORS else None
    for value in values if read else ():
        try:
            read(value)  # type: ignore[misc]  # there is none to check when it is None
        except ValueError as error:
            raise spot.wrong(f"value '{value}'", f"{base} cannot read it") from error
