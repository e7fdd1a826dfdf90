"""A text that may be put in force: what the editor and the versions of routes have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Self

from sftp_watchdog.routes import MAX_BYTES

from quillgate.console.kept import Kept
from quillgate.operate.deployment import Deployment
from quillgate.operate.routing import Routing, routing
from quillgate.routes_push import stories_pattern
from quillgate.routes_recent import recent_keys
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


@dataclass(frozen=True)
class _Lately:
    """What a text is held against beside the routes: uploads, and where stories may be written."""

    keys: tuple[str, ...]
    stories: str

    @classmethod
    def read(cls, deployment: Deployment) -> Self:
        return cls(recent_keys(deployment.ledger), stories_pattern(deployment))


class Drafts:
    """Makes drafts; what they are held against is a minute old at most."""

    def __init__(self) -> None:
        self._kept: Kept[_Lately] = Kept()

    def begun(self, deployment: Deployment) -> Draft:
        """What is stored, to begin with; held against what is so now."""
        now = routing(deployment)
        lately = self._kept.of(partial(_Lately.read, deployment), renew=True)
        return _draft(now.stored.content if now.stored else b"", etag_of(now), now, lately)

    def of(self, deployment: Deployment, content: bytes, etag: str | None = None) -> Draft:
        """A text begun when what has this ETag was in force, "" for nothing; None for now."""
        now, lately = routing(deployment), self._kept.of(partial(_Lately.read, deployment))
        return _draft(content, etag_of(now) if etag is None else etag, now, lately)


def _draft(content: bytes, etag: str, now: Routing, lately: _Lately) -> Draft:
    return Draft(content, etag, now, review(content, lately.stories, now.routes, lately.keys))


def etag_of(now: Routing) -> str:
    """As forms carry it: "" when nothing is stored."""
    return now.stored.etag if now.stored else ""
