"""What the states of an upload mean, for people who run no stack."""

from __future__ import annotations

from sftp_watchdog.entry import ATTENTION, Entry

# Those that have a list of their own.
LISTED = ATTENTION
_MEANING = {
    "telling": "is being delivered at this moment",
    "retrying": "not delivered yet, tried again by itself",
    "dead": "given up after many tries: an operator mends the cause and has it tried again",
    "accepted": "delivered",
    "rejected": "refused: the file or its project has to be mended",
    "unrouted": "nobody has said where files of this folder go",
    "waiting": "waits until it is known to be complete",
    "partial": "only a part arrived: the customer has to send it again",
    "done": "settled by hand, or from before these records began",
}


def meaning(state: str | None) -> str:
    """A state in plain words; None is that of an upload that is not in the ledger."""
    return _MEANING.get(state or "", "only just arrived, or not meant to be delivered")


def told(entry: Entry) -> str:
    """What became of an upload so far, in plain words."""
    if entry.outcome == "accepted":
        return "delivered, and the answer is back" if entry.story_at else "delivered, no answer yet"
    return meaning(entry.outcome)
