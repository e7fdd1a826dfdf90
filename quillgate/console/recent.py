"""What customers have uploaded last: two requests for each, however much there is."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sftp_watchdog import ledger_names as names
from sftp_watchdog.entry import Entry
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import Ref

_AT_ONCE = 8


def last_uploads(ledger: Ledger, users: Sequence[str]) -> dict[str, Entry | None]:
    """The newest upload of each user, None for one who has not uploaded."""

    def last(user: str) -> Entry | None:
        listed = ledger.page(names.user(user), 1)
        held = ledger.find(Ref.read(listed[0])) if listed else None
        return held.entry if held else None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(users, pool.map(last, users), strict=True))
