"""The first part of a sweep: uploads of which the ledger says that they wait for something."""

from __future__ import annotations

from itertools import islice

from .entry import ATTENTION, Entry
from .sweep_run import Case, Run

_TOGETHER = 1000
# Of the others some have their outcome; `unrouted` is looked at together with the routes.
_WAITING = ("retrying", "waiting", "dead")


def look_at_waiting(run: Run) -> None:
    """Put back what waits and what was lost on its way, and put lists in order."""
    states = [state for state in ATTENTION if run.order.everything or state in _WAITING]
    for state in states:
        refs = run.tools.ledger.needing_attention(state)
        while run.order.seconds_left() > 0 and (some := list(islice(refs, _TOGETHER))):
            found = run.pool.map(run.tools.ledger.find, some)
            entries = [held.entry for held in found if held]
            _look_at(run, state, [it for it in entries if it.key.startswith(run.order.only)])


def _look_at(run: Run, state: str, entries: list[Entry]) -> None:
    for entry in entries:
        if entry.outcome in (state, "telling"):
            run.counts.long_waiting += _is_long(run, entry)
        else:
            run.relist(entry, was=state)
    # Whether a route takes what is unrouted is seen with the versions.
    judged = [(it, run.judge.of(it)) for it in entries if it.outcome != "unrouted"]
    run.put_back(Case.of(it, it, verdict) for it, verdict in judged if verdict != "leave")
    run.tools.tick(run.counts)


def _is_long(run: Run, entry: Entry) -> bool:
    if entry.outcome == "waiting":
        patience = 60 * run.tools.settings.waiting_alarm_minutes
        return entry.uploaded_at < run.tools.ledger.later(-patience)
    return entry.outcome == "dead" or run.judge.of(entry) == "lost"
