"""Which files came lately: what new routes are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sftp_watchdog import ledger_names as names
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import Ref

from quillgate.operate.lists import entries

# Each costs a read: the editor stays within three times what it costs with ten uploads.
_UPLOADS = 50
_DAYS = 7


def recent_keys(ledger: Ledger) -> tuple[str, ...]:
    """The keys of the newest 50 uploads of a week, newest first.

    Costs a LIST for each day and a GET for each upload, however full the ledger is.
    """
    return tuple(dict.fromkeys(entry.key for entry in entries(ledger, _newest(ledger))))


def _newest(ledger: Ledger) -> list[Ref]:
    found: list[Ref] = []
    for date in _days(datetime.fromisoformat(ledger.now())):
        found += map(Ref.read, ledger.page(names.day(date), _UPLOADS - len(found)))
        if len(found) == _UPLOADS:
            break
    return found


def _days(now: datetime) -> Iterator[str]:
    return (f"{now - timedelta(days=back):%Y-%m-%d}" for back in range(_DAYS))
