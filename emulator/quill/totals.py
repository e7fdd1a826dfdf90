"""Exact totals of one column or field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal

MOST_COLUMNS = 256
_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?"
)
# Such numbers span at most 280 digits; the rest is room for the sum of any number of them.
_EXACT = Context(prec=400)


def as_number(text: str) -> Decimal | None:
    """The number, or None. `007` is a code, not a number; so is one of more than 40 digits."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


@dataclass
class Totals:
    """Running totals. A column is numeric when each value in it that is not empty is a number."""

    name: str
    numbers: int = 0
    others: int = 0
    total: Decimal = Decimal(0)
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(0)

    def add(self, value: Decimal | None) -> None:
        """One more value; None for one that is no number."""
        if value is None:
            self.others += 1
            return
        self.least = min(self.least, value) if self.numbers else value
        self.most = max(self.most, value) if self.numbers else value
        self.total = _EXACT.add(self.total, value)
        self.numbers += 1

    @property
    def values(self) -> int:
        """How many values are not empty."""
        return self.numbers + self.others

    def in_words(self) -> str:
        """`sum 12.50, min 1.00, max 5.25`, or that it is not numeric. Never a customer's text."""
        if not self.values:
            return "empty"
        if self.others:
            return "not numeric"
        return f"sum {self.total:f}, min {self.least:f}, max {self.most:f}"
