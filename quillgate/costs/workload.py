"""What a person says of the month that is to be paid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from quillgate.errors import CostError

HOURS = 730  # a month, as AWS's calculator has it
DAYS = HOURS / 24
Endpoint = Literal["public", "vpc"]
# Beyond these a number is a slip of the finger, or time to talk to AWS.
_MOST = {
    "uploads_per_day": 100_000_000,
    "gigabytes_per_month": 10_000_000,
    "downloaded_gigabytes": 10_000_000,
    "stories_per_upload": 100,
    "customers": 10_000,
    "months_kept": 1200,
    "addresses": 100,
}


@dataclass(frozen=True)
class Workload:
    """A month of a stack.

    `gigabytes_per_month` are uploaded, `downloaded_gigabytes` fetched by customers; `customers`
    have a routed folder each; files are kept for `months_kept`. With `endpoint` vpc there are
    `addresses` static ones; `own_key` is a KMS key of one's own. Raises CostError for a number that
    cannot be.
    """

    uploads_per_day: float
    gigabytes_per_month: float
    downloaded_gigabytes: float = 0
    stories_per_upload: float = 1
    customers: int = 10
    months_kept: float = 12
    endpoint: Endpoint = "public"
    addresses: int = 2
    own_key: bool = False

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value <= most):
                words = name.replace("_", " ")
                raise CostError(f"not {words}", str(value), f"give a number from 0 to {most:,}")
        if self.gigabytes_per_month and not self.uploads_per_day:
            advice = "give uploads per day, too, or no gigabytes"
            raise CostError("gigabytes without uploads", str(self.gigabytes_per_month), advice)

    @property
    def uploads(self) -> float:
        """Uploads in the month."""
        return self.uploads_per_day * DAYS

    @property
    def stories(self) -> float:
        """Stories that Quill writes in the month."""
        return self.uploads * self.stories_per_upload


def idle(workload: Workload) -> Workload:
    """The same stack in a month in which nobody uses it and nothing is kept."""
    return Workload(
        0,
        0,
        customers=workload.customers,
        endpoint=workload.endpoint,
        addresses=workload.addresses,
        own_key=workload.own_key,
    )
