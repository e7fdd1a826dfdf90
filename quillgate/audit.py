"""The audit trail: who changed what, when, from what to what, and how it ended.

An entry is written before the change and completed after it: whatever is killed in between leaves
an entry that says `begun`. The trail is kept in the ledger's bucket, newest first:

    audit/all/<time and id>                             the entry
    audit/about/<hash of what it is about>/<time and id>    empty: leads to it
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from sftp_watchdog.errors import LedgerError
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import digest, newest_first

from quillgate.operate.words import safe

_ALL = "audit/all/"
_AT_ONCE = 16
_LONGEST_PROBLEM = 500


@dataclass(frozen=True)
class Change:
    """One entry of the trail.

    `at` is when it began (`2026-11-23T09:00:00.000Z`); `what` is done to whom in words of the
    command (`users add`), `about` its object (a user's name, a key, `routes`). `before` and `after`
    hold what a person needs to see and to undo it, and never a secret. `role` is the console's.
    """

    id: str
    at: str
    who: str
    via: Literal["command", "console"]
    what: str
    about: str
    role: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    result: Literal["begun", "done", "failed"] = "begun"
    problem: str | None = None

    @classmethod
    def from_json(cls, text: str) -> Change:
        """Read what `to_json` wrote; what a later version added is passed over."""
        values: dict[str, Any] = json.loads(text)
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})

    def to_json(self) -> str:
        """The object as it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass
class Draft:
    """What the change under way may still say of itself: set `after` before the block ends."""

    after: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Page:
    """Changes, newest first; `next` leads to older ones, None at the end."""

    changes: tuple[Change, ...] = ()
    next: str | None = None


@dataclass(frozen=True)
class Audit:
    """The trail, as one person writes it. Methods raise LedgerError when it is out of reach.

    Then nothing is changed: a change that leaves no entry is not made. Where only the end of it
    could not be put on record, the error says that it was made.
    """

    ledger: Ledger = field(repr=False)
    who: str
    via: Literal["command", "console"] = "command"
    role: str | None = None

    @contextmanager
    def change(
        self,
        what: str,
        about: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> Iterator[Draft]:
        """Put the block on record; what it raises is recorded as its problem and raised again."""
        begun = self._begun(what, about, before, after)
        name = f"{newest_first(begun.at)}-{begun.id}"
        self.ledger.keep_text(f"{_ALL}{name}", begun.to_json())
        self.ledger.keep_text(f"{_about(about)}{name}", "")
        draft = Draft(after)
        try:
            yield draft
        except BaseException as error:
            problem = (str(error) or type(error).__name__)[:_LONGEST_PROBLEM]
            failed = replace(begun, after=draft.after, result="failed", problem=problem)
            # What went wrong is what there is to say; the entry says `begun` then.
            with suppress(LedgerError):
                self.ledger.keep_text(f"{_ALL}{name}", failed.to_json())
            raise
        self._done(name, replace(begun, after=draft.after, result="done"))

    def newest(self, limit: int = 50, after: str = "", about: str | None = None) -> Page:
        """A page of the trail, or of what was `about` one thing; `after` is a page's `next`."""
        folder = _ALL if about is None else _about(about)
        names = self.ledger.page(folder, limit + 1, f"{folder}{after}" if after else "")
        shown = [name.rpartition("/")[2] for name in names[:limit]]
        return Page(self._read(shown), shown[-1] if len(names) > limit else None)

    def _done(self, name: str, done: Change) -> None:
        try:
            self.ledger.keep_text(f"{_ALL}{name}", done.to_json())
        except LedgerError as error:
            told = f"{done.what} of {safe(done.about)!r} was done, but stays on record as begun"
            raise LedgerError(f"{told}: {error} - look before you do it again") from error

    def _begun(
        self,
        what: str,
        about: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> Change:
        return Change(
            id=secrets.token_hex(8),
            at=self.ledger.now(),
            who=self.who,
            via=self.via,
            what=what,
            about=about,
            role=self.role,
            before=before,
            after=after,
        )

    def _read(self, names: Sequence[str]) -> tuple[Change, ...]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return tuple(filter(None, pool.map(self._read_one, names)))

    def _read_one(self, name: str) -> Change | None:
        """The entry of that name; what is none must neither be hidden nor hide others."""
        try:
            text = self.ledger.text(f"{_ALL}{name}")
            return None if text is None else Change.from_json(text)
        except (AttributeError, LookupError, TypeError, ValueError):
            return Change(
                name, "", "nobody known", "command", "not an entry:", f"{_ALL}{name}",
                result="failed", problem="somebody has written over it by hand",
            )  # fmt: skip


def _about(about: str) -> str:
    return f"audit/about/{digest(about)}/"
