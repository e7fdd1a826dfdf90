"""How the operators of conditions compare one value of the request with one of the policy.

IAM user guide, reference_policies_elements_condition_operators.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import zip_longest
from typing import Any

from emulator.files.policies.pattern import Pattern, plain

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Operator:
    """How one value of the request (`read`) is compared with one of the policy.

    Values of the policy are `read` too, unless they are texts: those come as `Pattern`.
    """

    test: Callable[[Any, Any], bool]
    negated: bool = False
    read: Callable[[str], Any] | None = None


def _equal(value: str, pattern: Pattern) -> bool:
    return value == pattern.text


def _equal_ignoring_case(value: str, pattern: Pattern) -> bool:
    return value.lower() == pattern.text.lower()


def _like(value: str, pattern: Pattern) -> bool:
    return pattern.matches(value)


def _arn_like(value: str, pattern: Pattern) -> bool:
    """Compare the six parts of an ARN each by itself."""
    parts = zip_longest(_arn_parts(plain(value)), _arn_parts(pattern))
    return all(one and two and two.matches(one.text) for one, two in parts)


def _arn_parts(pattern: Pattern) -> list[Pattern]:
    """Cut at the first five colons, variables' values included."""
    parts: list[list[tuple[str, bool]]] = [[]]
    for text, has_wildcards in pattern.pieces:
        first, *rest = text.split(":", 6 - len(parts))
        parts[-1].append((first, has_wildcards))
        parts += [[(each, has_wildcards)] for each in rest]
    return [Pattern(tuple(part)) for part in parts]


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _date(text: str) -> datetime:
    """ISO 8601, or seconds since 1970; a time without a zone is UTC."""
    try:
        return datetime.fromtimestamp(_number(text), UTC)
    except (ValueError, OverflowError, OSError):
        read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _network(text: str) -> Network:
    return ip_network(text, strict=False)


def _within(address: Network, network: Network) -> bool:
    if isinstance(address, IPv4Network) and isinstance(network, IPv4Network):
        return address.subnet_of(network)
    if isinstance(address, IPv6Network) and isinstance(network, IPv6Network):
        return address.subnet_of(network)
    return False


_ORDER: dict[str, tuple[Callable[[Any, Any], bool], bool]] = {
    "Equals": (operator.eq, False),
    "NotEquals": (operator.eq, True),
    "LessThan": (operator.lt, False),
    "LessThanEquals": (operator.le, False),
    "GreaterThan": (operator.gt, False),
    "GreaterThanEquals": (operator.ge, False),
}
OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(_equal),
    "StringNotEquals": Operator(_equal, negated=True),
    "StringEqualsIgnoreCase": Operator(_equal_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_equal_ignoring_case, negated=True),
    "StringLike": Operator(_like),
    "StringNotLike": Operator(_like, negated=True),
    # The page on operators lets variables stand here, the page on variables does not.
    "Bool": Operator(_equal_ignoring_case),
    "BinaryEquals": Operator(_equal),
    "IpAddress": Operator(_within, read=_network),
    "NotIpAddress": Operator(_within, negated=True, read=_network),
    "ArnEquals": Operator(_arn_like),
    "ArnLike": Operator(_arn_like),
    "ArnNotEquals": Operator(_arn_like, negated=True),
    "ArnNotLike": Operator(_arn_like, negated=True),
    **{f"Numeric{name}": Operator(*order, read=_number) for name, order in _ORDER.items()},
    **{f"Date{name}": Operator(*order, read=_date) for name, order in _ORDER.items()},
}
