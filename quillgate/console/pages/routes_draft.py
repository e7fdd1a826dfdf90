"""A text that may be put in force: what the editor and the versions of routes have in common."""

from __future__ import annotations

from dataclasses import dataclass

from sftp_watchdog.routes import MAX_BYTES

from quillgate.operate.deployment import Deployment
from quillgate.operate.routing import Routing, routing
from quillgate.routes_push import stories_pattern
from quillgate.routes_recent import RecentKeys
from quillgate.routes_review import Review, review

# A form writes most of what is no letter in three bytes. What is larger still is answered with 400.
LARGEST_FIELD = 3 * MAX_BYTES


@dataclass(frozen=True)
class Draft:
    """The text, and what there is to say of it now.

    `etag` is of what was in force when somebody began with it; `is_late` when others are by now.
    """

    content: bytes
    etag: str
    now: Routing
    review: Review

    @property
    def is_late(self) -> bool:
        """Whether somebody else was faster."""
        return self.etag != etag_of(self.now)

    @property
    def status(self) -> int:
        """What a request to put it in force is answered with, when it was not."""
        return 409 if self.is_late else 422

    @property
    def is_in_force(self) -> bool:
        """Whether it is stored just so."""
        return bool(self.now.stored and self.now.stored.content == self.content)


class Drafts:
    """Makes drafts; the uploads they are tried on are a minute old at most."""

    def __init__(self) -> None:
        self._recent = RecentKeys()

    def begun(self, deployment: Deployment) -> Draft:
        """What is stored, to begin with; the uploads are those of now."""
        now = routing(deployment)
        self._recent.of(deployment.ledger, renew=True)
        return self._of(deployment, now.stored.content if now.stored else b"", etag_of(now), now)

    def of(self, deployment: Deployment, content: bytes, etag: str | None = None) -> Draft:
        """A text begun when what has this ETag was in force, "" for nothing; None for now."""
        now = routing(deployment)
        return self._of(deployment, content, etag_of(now) if etag is None else etag, now)

    def _of(self, deployment: Deployment, content: bytes, etag: str, now: Routing) -> Draft:
        stories, keys = stories_pattern(deployment), self._recent.of(deployment.ledger)
        return Draft(content, etag, now, review(content, stories, now.routes, keys))


def etag_of(now: Routing) -> str:
    """As forms carry it: "" when nothing is stored."""
    return now.stored.etag if now.stored else ""
