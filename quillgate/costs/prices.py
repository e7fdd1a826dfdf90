"""The price table: what AWS asks for what, since when that is known and how well."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from quillgate.errors import CostError

TABLE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Price:
    """`usd` for `per` of `unit`. `checked` is the day on which it was `read` so at `source`.

    `verified`: in AWS's own words.
    """

    id: str
    usd: float
    per: int
    unit: str
    source: str
    checked: date
    verified: bool
    read: str

    def of(self, quantity: float) -> float:
        """USD for so many units."""
        return quantity * self.usd / self.per


@dataclass(frozen=True)
class Prices:
    """All prices of one region, by id."""

    region: str
    by_id: Mapping[str, Price]

    def __getitem__(self, price_id: str) -> Price:
        return self.by_id[price_id]


def prices(region: str) -> Prices:
    """The table of a region. Raises CostError for one it does not have."""
    tables = _tables()
    if region not in tables:
        known = ", ".join(sorted(tables))
        advice = f"there are those of {known}; add others to quillgate/costs/{TABLE.name}"
        raise CostError("no prices for region", region, advice)
    return tables[region]


@cache
def _tables() -> dict[str, Prices]:
    regions = tomllib.loads(TABLE.read_text())["region"]
    return {each["name"]: _prices(each) for each in regions}


def _prices(region: Mapping[str, Any]) -> Prices:
    return Prices(region["name"], {each["id"]: Price(**each) for each in region["price"]})
