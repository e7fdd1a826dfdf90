"""What becomes of one upload: where it belongs, and what Quill says to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .errors import OutOfTimeError
from .names import why_never_routed
from .quill import Notification, Rejection
from .uploader import uploaded_by

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from .config import Config
    from .events import Upload
    from .quill import Quill
    from .routes import Match

# For S3, Secrets Manager and the queue, besides the call to Quill.
_MARGIN_SECONDS = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one upload, for good."""

    outcome: Literal["accepted", "rejected", "unrouted", "ignored"]
    reason: str
    project: str | None = None
    receipt: str | None = None


@dataclass(frozen=True)
class Clerk:
    """Brings uploads to their outcome. `quill_timeout_seconds` bounds one call to Quill."""

    config: Config
    quill: Quill
    s3: S3Client
    quill_timeout_seconds: float

    def settle(self, upload: Upload, seconds_left: Callable[[], float]) -> Outcome:
        """The outcome of `upload`, or RetryLaterError when there cannot be one now."""
        if why := why_never_routed(upload.key):
            return Outcome("ignored", why)
        # Nothing is unrouted until the routes as stored now say so: one stored a moment ago counts,
        # and while they are broken the upload waits.
        for read in (self.config.current, self.config.refreshed):
            routes = read()
            if routes.is_story(upload.key):
                return Outcome("ignored", "a story")
            if match := routes.find(upload.key):
                return self._tell(upload, match, seconds_left)
        return Outcome("unrouted", routes.why_unrouted(upload.key))

    def _tell(self, upload: Upload, match: Match, seconds_left: Callable[[], float]) -> Outcome:
        notification = self._notification(upload, match)
        needed, left = self.quill_timeout_seconds + _MARGIN_SECONDS, seconds_left()
        if left < needed:
            raise OutOfTimeError(
                f"too little time left for Quill: {left:.1f} of {needed:g} s - told later; "
                "if it never is, raise the function's timeout"
            )
        answer = self.quill.tell(notification)
        if isinstance(answer, Rejection):
            return Outcome("rejected", f"Quill: {answer.reason}", match.project)
        return Outcome("accepted", "Quill gave a receipt", match.project, answer.text)

    def _notification(self, upload: Upload, match: Match) -> Notification:
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
            uploaded_by=uploaded_by(self.s3, upload),
            deliver_to=match.deliver_to,
        )
