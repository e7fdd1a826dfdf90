"""How much is on a queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_WAITING = "ApproximateNumberOfMessages"
_IN_FLIGHT = "ApproximateNumberOfMessagesNotVisible"
_DELAYED = "ApproximateNumberOfMessagesDelayed"


@dataclass(frozen=True)
class Depth:
    """Messages by SQS's approximate count; `in_flight` are taken, or hidden until their retry."""

    waiting: int
    in_flight: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.in_flight


def depth(sqs: Any, queue_url: str) -> Depth:
    """Ask SQS."""
    names = [_WAITING, _IN_FLIGHT, _DELAYED]
    found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    waiting, in_flight, delayed = (int(found.get(name, 0)) for name in names)
    return Depth(waiting + delayed, in_flight)
