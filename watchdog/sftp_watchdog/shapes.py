"""What a member of a message must look like, and how times are written everywhere.

TypeError or ValueError when it does not look so.
"""

from __future__ import annotations

from datetime import UTC, datetime


def text(value: object) -> str:
    """A text that is not empty and can be stored."""
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    value.encode()
    return value


def size(value: object) -> int:
    """A number of bytes."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise TypeError(value)
    return value


def moment(value: str) -> str:
    """A time with its zone, as `2026-11-23T09:00:00.000Z`."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(value)
    return in_utc(found)


def in_utc(found: datetime) -> str:
    """`2026-11-23T09:00:00.000Z`."""
    return found.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
