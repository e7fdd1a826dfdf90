"""Uploads as the ledger lists them, newest first, a page at a time: it costs no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sftp_watchdog import ledger_names as names
from sftp_watchdog.entry import Entry
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import Ref

_AT_ONCE = 16
# Each day is a listing of its own, also one on which nothing came.
_DAYS_LOOKED_AT = 14
_LAST_MOMENT = timedelta(days=1, milliseconds=-1)


@dataclass(frozen=True)
class Query:
    """Which uploads: of a user (`-` for uploads of nobody known), in a state; "" for all.

    `after` is where the page begins: a page's `next`, or what `from_day` gives.
    """

    user: str = ""
    state: str = ""
    after: str = ""


@dataclass(frozen=True)
class UploadsPage:
    """Uploads, newest first, of `looked_at` that were read; `next` leads on, None at the end."""

    entries: tuple[Entry, ...] = ()
    looked_at: int = 0
    next: str | None = None


def from_day(date: str) -> str:
    """Where to begin for the uploads of a day (`2026-11-23`, UTC) and those before it.

    Raises ValueError when it is no date.
    """
    day = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
    return names.newest_first((day + _LAST_MOMENT).isoformat())


def uploads(ledger: Ledger, query: Query, limit: int, now: datetime) -> UploadsPage:
    """A page. It may hold fewer than `limit` although there are more: those of another state."""
    if query.user or query.state:
        folder = names.user(query.user) if query.user else names.attention(query.state)
        after = f"{folder}{query.after}" if query.after else ""
        listed, ends_at = ledger.page(folder, limit + 1, after), None
    else:
        listed, ends_at = _by_day(ledger, query.after, limit, now)
    shown = [name.rpartition("/")[2] for name in listed[:limit]]
    found = entries(ledger, [Ref.read(name) for name in shown])
    meant = tuple(each for each in found if query.state in ("", each.outcome))
    return UploadsPage(meant, len(shown), shown[-1] if len(listed) > limit else ends_at)


def entries(ledger: Ledger, refs: Sequence[Ref]) -> list[Entry]:
    """Those of `refs` that there are, in their order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [held.entry for held in pool.map(ledger.find, refs) if held]


def _by_day(ledger: Ledger, after: str, limit: int, now: datetime) -> tuple[list[str], str | None]:
    """Names, one more than `limit` if there are as many; else where to go on, None at the end."""
    day = min(datetime.fromisoformat(names.moment_of(after)), now) if after else now
    oldest = next(iter(ledger.page(names.DAYS, 1)), None)
    listed: list[str] = []
    for _ in range(_DAYS_LOOKED_AT):
        folder = names.day(f"{day:%Y-%m-%d}")
        if oldest is None or folder < oldest[: len(folder)]:
            return listed, None
        # Names of an earlier day sort behind any of a later one.
        listed += ledger.page(folder, limit + 1 - len(listed), f"{folder}{after}" if after else "")
        if len(listed) > limit:
            return listed, None
        day -= timedelta(days=1)
    return listed, from_day(f"{day:%Y-%m-%d}")
