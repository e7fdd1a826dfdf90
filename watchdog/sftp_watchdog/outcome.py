"""What becomes of one upload: where it belongs, what Quill says to it, what the ledger keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .entry import Entry, Step
from .errors import MessageError, OutOfTimeError
from .evidence import Evidence
from .evidence_weighed import Scales
from .fragments import Fragments, was_withdrawn
from .ledger_names import Ref
from .markers import Markers
from .names import STORY_SUFFIX, why_never_routed
from .proofs import Proofs
from .quill import Notification, Rejection
from .routes import Match
from .uploader import uploaded_by
from .whole import Wholeness

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from .config import Config
    from .events import Upload
    from .ledger import Ledger
    from .quill import Quill
    from .routes import Routes

# For S3, Secrets Manager and the queue, besides the call to Quill.
_MARGIN_SECONDS = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one upload; `duplicate`: it had its outcome before, and Quill is not asked."""

    outcome: Literal[
        "accepted", "rejected", "unrouted", "waiting", "partial", "ignored", "duplicate"
    ]
    reason: str
    project: str | None = None
    receipt: str | None = None


@dataclass(frozen=True)
class Clerk:
    """Brings uploads to their outcome. `quill_timeout_seconds` bounds one call to Quill."""

    config: Config
    ledger: Ledger
    quill: Quill
    s3: S3Client
    bucket: str
    quill_timeout_seconds: float

    def uploads(self, found: Upload | Evidence) -> list[Upload]:
        """The uploads whose outcome hangs on what was found in a message.

        An upload itself, and with a marker those that wait for it; what Transfer's word is about.
        MessageError for another bucket: Quill could not fetch from it for any of our routes.
        """
        if isinstance(found, Evidence):
            return self._scales.uploads(found, self.config.current())
        if found.bucket != self.bucket:
            raise MessageError(
                f"event of another bucket: {found.bucket!r}, key {found.key!r} - only "
                f"{self.bucket!r} may send to this queue"
            )
        if why_never_routed(found.key):
            return [found]
        file = self._routes_for(found.key).marked_by(found.key)
        return [found, *self._wholeness.marked(file)] if file else [found]

    def settle(self, upload: Upload, seconds_left: Callable[[], float]) -> Outcome:
        """The outcome of `upload`, or RetryLaterError when there cannot be one now."""
        if why := why_never_routed(upload.key):
            return Outcome("ignored", why)
        found = self._route(upload)
        if isinstance(found, Outcome) and found.outcome == "ignored":
            return found
        left = seconds_left()
        if upload.fragment or isinstance(found, Match):
            self._check_time(left)
        if upload.fragment:
            return self._settle_fragment(upload, found)
        # In the entry from its beginning, which decides where it is listed.
        by = uploaded_by(self.s3, upload)
        held = self.ledger.claim(upload, by, left)
        if held.entry.outcome != "telling":
            # A worker that died may have left this out.
            self.ledger.list_entry(held.entry)
            return Outcome("duplicate", f"already {held.entry.outcome}: {held.entry.updated_at}")
        outcome = self._decide(upload, held.entry, found)
        # Its story may have been seen meanwhile: what Quill said is true all the same.
        self.ledger.finish(held, lambda entry: self._entry(entry, outcome))
        return self._look_again(upload, outcome, found, seconds_left)

    def failed(self, upload: Upload, reason: str, retry_in: int, *, is_last: bool) -> None:
        """Keep that a try failed, and when the next one is; after the last it is a dead letter."""

        def after(entry: Entry) -> Entry | None:
            if entry.is_settled:
                return None
            changes = {"attempts": entry.attempts + 1}
            if is_last:
                return entry.moved(now, "dead", reason, **changes)
            return entry.moved(now, "retrying", reason, due=self.ledger.later(retry_in), **changes)

        now = self.ledger.now()
        self.ledger.update(Ref.of(upload.key, upload.upload_id), after)

    def _routes_for(self, key: str) -> Routes:
        # Nothing is unrouted until the routes as stored now say so: one stored a moment ago counts,
        # and while they are broken the upload waits.
        routes = self.config.current()
        return routes if routes.knows(key) else self.config.refreshed()

    def _route(self, upload: Upload) -> Match | Outcome:
        """Its route, or that it is unrouted or no upload to route."""
        routes = self._routes_for(upload.key)
        if routes.is_story(upload.key):
            self._note_story(upload)
            return Outcome("ignored", "a story")
        if file := routes.marked_by(upload.key):
            return Outcome("ignored", f"the marker of {file!r}")
        return routes.find(upload.key) or Outcome("unrouted", routes.why_unrouted(upload.key))

    def _decide(self, upload: Upload, entry: Entry, found: Match | Outcome) -> Outcome:
        if was_withdrawn(entry):
            why = "withdrawn from Quill for good - have the file uploaded again"
            return Outcome("partial", why, entry.project, entry.receipt)
        if isinstance(found, Outcome):
            return found
        if doubt := self._wholeness.doubt(upload, found.route):
            return Outcome(doubt.outcome, doubt.reason, found.project)
        return self._tell(upload, entry.uploaded_by, found)

    def _look_again(
        self,
        upload: Upload,
        outcome: Outcome,
        found: Match | Outcome,
        seconds_left: Callable[[], float],
    ) -> Outcome:
        """What an upload waits for may have come while this worker held it, and passed it by."""
        if outcome.outcome != "waiting" or not isinstance(found, Match):
            return outcome
        still = self._wholeness.doubt(upload, found.route)
        return outcome if still else self.settle(upload, seconds_left)

    def _settle_fragment(self, upload: Upload, found: Match | Outcome) -> Outcome:
        entry = Fragments(self.s3, self.ledger, self.quill).settle(upload, found.project)
        if entry is None:
            return Outcome("duplicate", "already known to be a fragment")
        return Outcome("partial", entry.reason, entry.project, entry.receipt)

    @property
    def _scales(self) -> Scales:
        return Scales(self.s3, self.bucket, Proofs(self.ledger))

    @property
    def _wholeness(self) -> Wholeness:
        markers = Markers(self.s3, self.bucket, self.ledger)
        return Wholeness(Proofs(self.ledger), markers)

    def _check_time(self, left: float) -> None:
        needed = self.quill_timeout_seconds + _MARGIN_SECONDS
        if left < needed:
            raise OutOfTimeError(
                f"too little time left for Quill: {left:.1f} of {needed:g} s - told later; "
                "if it never is, raise the function's timeout"
            )

    def _tell(self, upload: Upload, by: str | None, match: Match) -> Outcome:
        notification = _notification(upload, by, match)
        # Before Quill is told: its story may be there before this worker goes on.
        ref = Ref.of(upload.key, upload.upload_id)
        self.ledger.expect_story(_story_key(notification), ref)
        answer = self.quill.tell(notification)
        if isinstance(answer, Rejection):
            return Outcome("rejected", f"Quill: {answer.reason}", match.project)
        return Outcome("accepted", "Quill gave a receipt", match.project, answer.text)

    def _entry(self, entry: Entry, outcome: Outcome) -> Entry:
        changes: dict[str, Any] = {
            "project": outcome.project,
            "receipt": outcome.receipt,
            "attempts": entry.attempts + 1,
        }
        state: Any = outcome.outcome
        return entry.moved(self.ledger.now(), state, outcome.reason, **changes)

    def _note_story(self, story: Upload) -> None:
        """Keep in the entry of the upload that its story has come."""
        if ref := self.ledger.story_is_for(story.key):
            seen = Step(story.uploaded_at, "story", story.key)
            self.ledger.update(ref, lambda entry: entry.with_story(self.ledger.now(), seen))


def _notification(upload: Upload, by: str | None, match: Match) -> Notification:
    return Notification(
        id=upload.upload_id,
        project=match.project,
        bucket=upload.bucket,
        key=upload.key,
        # What S3 itself calls the version of an object from before versioning.
        version_id=upload.version_id or "null",
        size=upload.size,
        etag=upload.etag,
        uploaded_at=upload.uploaded_at,
        uploaded_by=by,
        deliver_to=match.deliver_to,
    )


def _story_key(notification: Notification) -> str:
    name = notification.key.rpartition("/")[2]
    return f"{notification.deliver_to}{name}{STORY_SUFFIX}"
