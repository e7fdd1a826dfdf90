"""What could not be told: counted, and said once, not for each record."""

from __future__ import annotations

import logging
from threading import Lock

log = logging.getLogger(__name__)


class Losses:
    """May be used from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._said: set[str] = set()
        self.count = 0

    def add(self, what: str, count: int, reason: object) -> None:
        """Count `count` lost reports for `what`; say so, unless it was said and still goes on."""
        with self._lock:
            self.count += count
            is_news = what not in self._said
            self._said.add(what)
        if is_news:
            log.warning("reports lost: '%s' - %s; files are not affected", what, reason)

    def over(self, what: str) -> None:
        """It works again: the next loss is news."""
        with self._lock:
            self._said.discard(what)
