"""Whether an upload that has no outcome yet is still on its way, going by its entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .entry import Entry

# lost    nobody brings it to its outcome any more: it is put back
# judge   it has no outcome Quill knows of, and may get one by now: it is put back, too
# leave   it has its outcome, or is on its way to it
Verdict = Literal["lost", "judge", "leave"]


@dataclass(frozen=True)
class Judge:
    """What was due before these times has not happened. `queues_lost`: nothing is on its way."""

    holds_ended_before: str
    tries_due_before: str
    queues_lost: bool = False

    def of(self, entry: Entry | None) -> Verdict:
        """The verdict on an upload that a route takes."""
        if entry is None:
            return "lost"
        if entry.outcome in ("waiting", "unrouted"):
            return "judge"
        return "lost" if self._is_lost(entry) else "leave"

    def _is_lost(self, entry: Entry) -> bool:
        if self.queues_lost:
            return not entry.is_settled
        due = entry.due or entry.updated_at
        if entry.outcome == "telling":
            return due < self.holds_ended_before
        return entry.outcome == "retrying" and due < self.tries_due_before
