"""One upload's entry in the ledger: what became of it so far, when and why."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .events import Upload

# telling    a worker is at it, until `due`
# retrying   failed so far; on the queue until `due`
# dead       its tries are used up: on the dead-letter queue, for a person to redrive
# done       marked as told before there was a ledger
# The others are the outcomes of the log.
State = Literal[
    "telling",
    "retrying",
    "dead",
    "accepted",
    "rejected",
    "unrouted",
    "waiting",
    "partial",
    "done",
]
# Another event of the upload changes nothing; only a person can.
SETTLED = ("accepted", "rejected", "partial", "done")
# Nor can a person change these: Quill has it.
TOLD = ("accepted", "done")
# A person may want to look at these; they are listed by themselves.
ATTENTION = ("retrying", "dead", "waiting", "unrouted", "rejected", "partial")

# A day of retries is about a hundred steps: enough of both ends says what happened.
FIRST_STEPS, LAST_STEPS = 10, 20


@dataclass(frozen=True)
class Step:
    """What happened to an upload at one time: a state or `story`, and why."""

    at: str
    what: str
    reason: str


@dataclass(frozen=True)
class Entry:
    """What the ledger knows of one object version.

    Times look like `2026-11-23T09:00:00.000Z`; `size` is in bytes; `attempts` counts the tries to
    settle it; `due` is when a worker's hold ends (`telling`) or its next try is (`retrying`).
    """

    upload_id: str
    bucket: str
    key: str
    version_id: str | None
    size: int
    etag: str
    uploaded_at: str
    outcome: State
    reason: str
    updated_at: str
    uploaded_by: str | None = None
    project: str | None = None
    receipt: str | None = None
    attempts: int = 0
    due: str | None = None
    story_key: str | None = None
    story_at: str | None = None
    history: tuple[Step, ...] = ()

    @classmethod
    def begun(cls, upload: Upload, uploaded_by: str | None, now: str, due: str) -> Entry:
        """The first entry of an upload: a worker is at it until `due`."""
        return cls(
            upload_id=upload.upload_id,
            bucket=upload.bucket,
            key=upload.key,
            version_id=upload.version_id,
            size=upload.size,
            etag=upload.etag,
            uploaded_at=upload.uploaded_at,
            uploaded_by=uploaded_by,
            outcome="telling",
            reason="a worker is at it",
            updated_at=now,
            due=due,
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Entry:
        """Read what `to_json` wrote; what a later version added is passed over."""
        values: dict[str, Any] = json.loads(text)
        steps = tuple(Step(**step) for step in values.pop("history", ()))
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        return cls(**known, history=steps)

    def to_json(self) -> bytes:
        """The object as the ledger keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @property
    def is_settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.outcome in SETTLED

    @property
    def is_told(self) -> bool:
        """Whether Quill has it."""
        return self.outcome in TOLD

    @property
    def listed_as(self) -> str:
        """The state in whose list it is: a hold lists nothing, and takes nothing from a list."""
        if self.outcome != "telling":
            return self.outcome
        return next((step.what for step in reversed(self.history) if step.what in ATTENTION), "")

    def is_held(self, now: str) -> bool:
        """Whether a worker is at it at this moment."""
        return self.outcome == "telling" and self.due is not None and now < self.due

    def moved(self, now: str, outcome: State, reason: str, **changes: Any) -> Entry:
        """The entry after a step; `changes` are other members. A hold is no step to remember."""
        steps = self.history
        if outcome != "telling":
            steps = _shortened((*steps, Step(now, outcome, reason)))
        changes = {"due": None, "history": steps} | changes
        return replace(self, outcome=outcome, reason=reason, updated_at=now, **changes)

    def with_story(self, now: str, seen: Step) -> Entry | None:
        """The entry once Quill's story was seen in the bucket; None when it was seen before."""
        if seen in self.history:
            return None
        steps = _shortened((*self.history, seen))
        return replace(self, story_key=seen.reason, story_at=seen.at, updated_at=now, history=steps)


def _shortened(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if len(steps) <= FIRST_STEPS + LAST_STEPS:
        return steps
    return steps[:FIRST_STEPS] + steps[-LAST_STEPS:]
