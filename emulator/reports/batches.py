"""Cut what is to be sent into requests that AWS takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Limit(Generic[T]):
    """The most one request may hold; `size` of an item is counted as AWS counts it, in bytes."""

    items: int
    bytes: int
    size: Callable[[T], int]


def batches(items: Iterable[T], limit: Limit[T]) -> Iterator[list[T]]:
    """Yield the items in their order, as many at a time as the limit allows, at least one."""
    batch: list[T] = []
    total = 0
    for item in items:
        size = limit.size(item)
        if batch and (len(batch) == limit.items or total + size > limit.bytes):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size
    if batch:
        yield batch
