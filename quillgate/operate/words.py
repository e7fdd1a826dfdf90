"""Times, ages and foreign texts as a terminal may show them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def safe(text: str) -> str:
    """The text without what moves a cursor, ends a line or turns the direction of writing."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def short(text: str, width: int) -> str:
    """At most so many characters; `…` stands for the rest."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def age(moment: str, now: datetime) -> str:
    """How long ago: `40 s`, `12 min`, `5 h`, `3 d`."""
    seconds = max(0, round((now - datetime.fromisoformat(moment)).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def time_of(text: str, now: datetime, option: str) -> datetime:
    """`90s`, `30m`, `2h` or `7d` before now, or a time in ISO 8601: UTC, unless it says another.

    Wrong usage (exit 2) for anything else.
    """
    try:
        if found := re.fullmatch(r"(\d{1,6})([smhd])", text):
            return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        import typer  # noqa: PLC0415  # the console knows no command line, and starts faster without

        advice = f"neither like 2h nor like 2026-11-23T09:00: '{safe(text)}'"
        raise typer.BadParameter(advice, param_hint=option) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
