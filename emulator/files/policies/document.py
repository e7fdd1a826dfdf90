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

from emulator.files.policies.conditions import OPERATORS, Condition

_VARIABLES_SINCE = "2012-10-17"
_VERSIONS = ("2008-10-17", _VARIABLES_SINCE)
_ACTION = re.compile(r"\*|(?:[A-Za-z0-9-]+|\*):[\w.*?-]+")
_RESOURCE = re.compile(r"\*|arn:[a-z*-]+:[a-z0-9-]+:.*", re.DOTALL)
_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?")
_MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


class MalformedPolicy(Exception):  # noqa: N818
    """The document breaks the grammar; the text says where."""


@dataclass(frozen=True)
class Choice:
    """One of the patterns, or none of them when negated (`NotAction` and the like)."""

    patterns: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Statement:
    """One statement. `label` is its Sid or its number, counted from 1."""

    label: str
    is_allow: bool
    actions: Choice
    resources: Choice
    conditions: tuple[Condition, ...] = ()
    principals: Choice | None = None


@dataclass(frozen=True)
class Document:
    """One policy; `name` is what people call it: `session policy`, an ARN, a name."""

    name: str
    statements: tuple[Statement, ...]
    has_variables: bool


def parse(name: str, policy: str | Mapping[str, Any], *, of_bucket: bool = False) -> Document:
    """Read a document; raises MalformedPolicy. Only a bucket's names principals."""
    content = _Spot(name, _loaded(name, policy) if isinstance(policy, str) else policy)
    content.only({"Version", "Id", "Statement"})
    version = content.value.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise content.wrong(f"Version '{version}'", f"use {_VARIABLES_SINCE}")
    found = content.value.get("Statement")
    given = found if isinstance(found, list) else [found]
    if not given:
        raise content.wrong("no Statement", "give at least one")
    statements = tuple(
        _statement(_Spot(f"{name}, statement {number}", each), number, of_bucket)
        for number, each in enumerate(given, start=1)
    )
    return Document(name, statements, has_variables=version == _VARIABLES_SINCE)


@dataclass(frozen=True)
class _Spot:
    """An object in the document, and where it is."""

    where: str
    value: Any

    def __post_init__(self) -> None:
        if not isinstance(self.value, Mapping):
            raise self.wrong("not an object", "write {...}")

    def wrong(self, what: str, advice: str) -> MalformedPolicy:
        return MalformedPolicy(f"malformed policy: '{self.where}': {what} - {advice}")

    def only(self, members: set[str]) -> None:
        for member in self.value:
            if member not in members:
                raise self.wrong(f"unknown element '{member}'", f"use {', '.join(sorted(members))}")

    def texts(self, member: str) -> tuple[str, ...]:
        found = self.value[member]
        values = found if isinstance(found, list) else [found]
        if not values or not all(isinstance(value, str) for value in values):
            raise self.wrong(f"{member} is no text or list of texts", "give at least one text")
        return tuple(values)

    def choice(self, member: str, form: re.Pattern[str]) -> Choice:
        names = [name for name in (member, f"Not{member}") if name in self.value]
        if len(names) != 1:
            raise self.wrong(f"{len(names)} of {member}, Not{member}", "give one of them")
        for text in self.texts(names[0]):
            if not form.fullmatch(text):
                raise self.wrong(f"{names[0]} '{text}'", "see IAM's grammar of policies")
        return Choice(self.texts(names[0]), negated=names[0] != member)


def _loaded(name: str, policy: str) -> object:
    try:
        return json.loads(policy, object_pairs_hook=_unique)
    except ValueError as error:
        raise MalformedPolicy(f"malformed policy: '{name}': {error} - write JSON") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"an element is there twice in {sorted(name for name, _ in pairs)}")
    return found


def _statement(spot: _Spot, number: int, of_bucket: bool) -> Statement:
    spot.only(_MEMBERS | ({"Principal", "NotPrincipal"} if of_bucket else set()))
    effect = spot.value.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise spot.wrong(f"Effect '{effect}'", "use Allow or Deny")
    return Statement(
        label=str(spot.value.get("Sid") or number),
        is_allow=effect == "Allow",
        actions=spot.choice("Action", _ACTION),
        resources=spot.choice("Resource", _RESOURCE),
        conditions=_conditions(spot),
        principals=_principals(spot) if of_bucket else None,
    )


def _principals(spot: _Spot) -> Choice:
    """Those of kind AWS: the others never are a role's session."""
    names = [name for name in ("Principal", "NotPrincipal") if name in spot.value]
    if len(names) != 1:
        raise spot.wrong(f"{len(names)} of Principal, NotPrincipal", "give one of them")
    found, negated = spot.value[names[0]], names[0] == "NotPrincipal"
    if found == "*":
        return Choice(("*",), negated)
    kinds = _Spot(f"{spot.where}, {names[0]}", found)
    kinds.only({"AWS", "Service", "Federated", "CanonicalUser"})
    return Choice(kinds.texts("AWS") if "AWS" in found else (), negated)


def _conditions(spot: _Spot) -> tuple[Condition, ...]:
    operators = _Spot(f"{spot.where}, Condition", spot.value.get("Condition", {}))
    return tuple(
        _condition(_Spot(f"{operators.where}, {operator}", keys), operator, key)
        for operator, keys in operators.value.items()
        for key in _Spot(f"{operators.where}, {operator}", keys).value
    )


def _condition(spot: _Spot, operator: str, key: str) -> Condition:
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
    return Condition(operator, key, values, base, quantifier, if_exists=bool(found[3]))


def _check_values(spot: _Spot, base: str, values: tuple[str, ...]) -> None:
    if base == "Null" and not all(value.lower() in ("true", "false") for value in values):
        raise spot.wrong(f"Null '{', '.join(values)}'", "use true or false")
    read = OPERATORS[base].read if base in OPERATORS else None
    for value in values if read else ():
        try:
            read(value)  # type: ignore[misc]  # there is none to check when it is None
        except ValueError as error:
            raise spot.wrong(f"value '{value}'", f"{base} cannot read it") from error
