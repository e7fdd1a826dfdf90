"""Whether a request meets a statement's Condition.

IAM user guide, reference_policies_elements_condition_operators; for the set operators
reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from emulator.files.policies.operators import OPERATORS
from emulator.files.policies.pattern import Context, filled


@dataclass(frozen=True)
class Condition:
    """`operator` `key` `values`: one of the values, or none of them when the operator is negated.

    `operator` is the name with its prefix and suffix; `quantifier` and `if_exists` are read off it.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    base: str
    quantifier: Literal["", "ForAllValues", "ForAnyValue"] = ""
    if_exists: bool = False
    has_variables: bool = True

    @property
    def negated(self) -> bool:
        """Whether it holds when no value matches."""
        return self.base != "Null" and OPERATORS[self.base].negated


def is_met(condition: Condition, context: Context) -> bool:
    """Whether the request fulfils the condition; a key that it lacks is never matched."""
    found = context.get(condition.key.lower())
    if condition.base == "Null":
        return any((found is None) == (value.lower() == "true") for value in condition.values)
    if found is None:
        if condition.quantifier == "ForAnyValue":
            return False  # with IfExists too: it asks for a value that fits, and there is none
        return condition.if_exists or condition.negated or condition.quantifier == "ForAllValues"
    expected = _expected(condition, context)
    return _quantified(condition, found, lambda value: _fits(condition, value, expected))


def unresolved(condition: Condition, context: Context) -> bool:
    """Whether a variable in its values has no value in the request."""
    if condition.base == "Null" or OPERATORS[condition.base].read:
        return False
    return len(_expected(condition, context)) < len(condition.values)


def _quantified(condition: Condition, found: tuple[str, ...], fits: Callable[[str], bool]) -> bool:
    """Only a set operator takes a key of several values; to it an empty text is no value."""
    match condition.quantifier:
        case "ForAllValues":
            return all(fits(value) for value in found if value)
        case "ForAnyValue":
            return any(fits(value) for value in found if value)
        case _:
            return len(found) == 1 and fits(found[0])


def _fits(condition: Condition, value: str, expected: list[Any]) -> bool:
    how = OPERATORS[condition.base]
    try:
        actual = how.read(value) if how.read else value
    except ValueError:
        return how.negated
    return any(how.test(actual, each) for each in expected) != how.negated


def _expected(condition: Condition, context: Context) -> list[Any]:
    """What cannot be filled in matches nothing."""
    read = OPERATORS[condition.base].read
    if read:
        return [read(value) for value in condition.values]
    known = context if condition.has_variables else None
    return [each for value in condition.values if (each := filled(value, known))]
