"""What the month costs: usage times prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quillgate.costs.prices import Price, Prices
from quillgate.costs.usage import Use, usage
from quillgate.costs.workload import HOURS, Workload, idle

ASSUMED = (
    f"a month of {HOURS} hours; no tax, no discounts; free tiers are the account's, not counted",
    "nothing fails: no retries, dead letters or alarms (mails of alarms are not counted)",
    "Quill runs in the same region: no transfer between regions, no NAT gateway",
    "files are in S3 Standard and none is overwritten; a version more is a file more",
    "a Transfer endpoint in a VPC takes no hours of PrivateLink: AWS does not charge them for the"
    " endpoint type VPC (AWS Storage Blog, on endpoint types VPC_ENDPOINT and VPC)",
    "the console on AWS, CloudTrail, a hosted zone and secrets with old host keys are not counted",
)


@dataclass(frozen=True)
class Line:
    """One line of the bill, in USD."""

    use: Use
    price: Price

    @property
    def usd(self) -> float:
        """What it costs."""
        return self.price.of(self.use.quantity)


@dataclass(frozen=True)
class Estimate:
    """The month's lines; `idle_usd`: the same stack when nobody uses it."""

    region: str
    lines: tuple[Line, ...]
    idle_usd: float

    @property
    def usd(self) -> float:
        """All together."""
        return sum(line.usd for line in self.lines)

    @property
    def unverified_usd(self) -> float:
        """The part that rests on prices nobody has verified."""
        return sum(line.usd for line in self.lines if not line.price.verified)

    def usd_of(self, service: str) -> float:
        """One service's part."""
        return sum(line.usd for line in self.lines if line.use.service == service)


def estimate(work: Workload, prices: Prices) -> Estimate:
    """The bill for a month."""
    unused = sum(line.usd for line in _lines(idle(work), prices))
    return Estimate(prices.region, tuple(_lines(work, prices)), unused)


def _lines(work: Workload, prices: Prices) -> Iterator[Line]:
    return (Line(use, prices[use.price]) for use in usage(work))
