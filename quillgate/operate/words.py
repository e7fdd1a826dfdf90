"""Times, ages and foreign texts as a terminal may show them."""

from __future__ import annotations

from datetime import datetime


def safe(text: str) -> str:
    """The text without what moves a cursor, ends a line or turns the direction of writing."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def short(text: str, width: int) -> str:
    """At most so many characters; `…` stands for the rest."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def moment(text: str | None) -> str:
    """`2026-11-23 09:00:00`, of a time with zone Z."""
    return text[:19].replace("T", " ") if text else ""


def age(since: str, now: datetime) -> str:
    """How long ago: `40 s`, `12 min`, `5 h`, `3 d`."""
    seconds = max(0, round((now - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
