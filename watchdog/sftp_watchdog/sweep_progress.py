"""How far the sweeps are, kept in the ledger: a run goes on where the one before had to stop.

Not every sweep looks at everything. What was stored before `settled_before` had its outcome, or was
listed as needing attention, when the last pass through the whole bucket was complete. It stays so:
a version that appears later bears no earlier time than a week before. (S3 dates an object that was
sent in parts to the beginning of the sending, and the bucket gives up such sendings after 7 days.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .shapes import in_utc
from .versions import Cursor

# The bucket's lifecycle (AbortIncompleteMultipartUpload) takes 7, and S3 up to a day to act on it.
_LATE = timedelta(days=8)


@dataclass(frozen=True)
class Progress:
    """Times as in entries, "" for none.

    `routes` stands for the routes gone by; `begun` is when the pass under way began, and `cursor`
    how far it is; `unsettled` is the time of the oldest version it found without an outcome.
    """

    routes: str = ""
    settled_before: str = ""
    begun: str = ""
    unsettled: str = ""
    cursor: Cursor | None = None

    @classmethod
    def from_json(cls, text: str | None) -> Progress:
        """What `to_json` wrote; nothing of it where it cannot be read: then all is looked at."""
        try:
            values: dict[str, Any] = json.loads(text or "{}")
            cursor = values.pop("cursor", None)
            return cls(**values, cursor=Cursor(**cursor) if cursor else None)
        except (ValueError, TypeError, AttributeError):
            return cls()

    def to_json(self) -> str:
        """The text the ledger keeps."""
        return json.dumps(asdict(self))

    def started(self, routes: str, now: str, *, resume: bool) -> Progress:
        """At the start of a run: the pass under way, if it is to be resumed, or a new one.

        Other routes are a reason to look at everything.
        """
        if self.routes != routes:
            return Progress(routes, begun=now)
        if resume and self.cursor:
            return self
        return replace(self, begun=now, unsettled="", cursor=None)

    def after(self, cursor: Cursor | None, unsettled: Iterable[str]) -> Progress:
        """After a page, with the times of those versions on it that have no outcome."""
        known = [self.unsettled] if self.unsettled else []
        return replace(self, cursor=cursor, unsettled=min([*known, *unsettled], default=""))

    def completed(self, grace_seconds: float) -> Progress:
        """After the last page; what was put back just now is looked at again the next time."""
        moment = datetime.fromisoformat(self.begun) - _LATE - timedelta(seconds=grace_seconds)
        settled_before = min(in_utc(moment), self.unsettled or in_utc(moment))
        return Progress(self.routes, settled_before)
