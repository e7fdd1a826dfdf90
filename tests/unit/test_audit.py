"""The audit trail: begun before, completed after, newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sftp_watchdog.errors import LedgerError
from sftp_watchdog.ledger import Ledger

from quillgate.audit import Audit
from tests.unit.watchdog_fakes import FakeBucket


class _Clock:
    """Goes on by a second at each look."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


class _LostMeanwhile(Ledger):
    """Out of reach once it has taken what is written before a change."""

    left = 2

    def keep_text(self, name: str, text: str) -> None:
        if not self.left:
            raise LedgerError("S3 is away")
        self.left -= 1
        super().keep_text(name, text)


def _audit(s3: FakeBucket, who: str = "kim") -> Audit:
    return Audit(Ledger(cast(Any, s3), "ledger", _Clock()), who, "console", "support")


def test_who_what_when_before_and_after_are_kept() -> None:
    audit = _audit(FakeBucket())
    with audit.change("users add", "acme", before=None) as draft:
        draft.after = {"keys": ["SHA256:abc"]}
    [change] = audit.newest().changes
    assert (change.who, change.role, change.via) == ("kim", "support", "console")
    assert (change.what, change.about, change.at) == (
        "users add",
        "acme",
        "2026-11-23T09:00:01.000Z",
    )
    assert (change.before, change.after) == (None, {"keys": ["SHA256:abc"]})
    assert change.result == "done"


def test_it_is_on_record_before_it_is_made() -> None:
    audit = _audit(FakeBucket())
    with audit.change("users remove", "acme"):
        [change] = audit.newest().changes
        assert change.result == "begun"


def test_what_fails_is_recorded_with_its_reason() -> None:
    audit = _audit(FakeBucket())
    with pytest.raises(ValueError, match="no such key"), audit.change("users add", "acme"):
        raise ValueError("no such key")
    [change] = audit.newest().changes
    assert (change.result, change.problem) == ("failed", "no such key")


def test_what_was_made_is_told_as_made_although_its_record_stays_begun() -> None:
    audit = Audit(_LostMeanwhile(cast(Any, FakeBucket()), "ledger"), "kim")
    told = "users add of 'acme' was done, .* begun: S3 is away"
    with pytest.raises(LedgerError, match=told), audit.change("users add", "acme"):
        pass
    [change] = audit.newest().changes
    assert change.result == "begun"


def test_what_failed_is_told_although_that_cannot_be_put_on_record() -> None:
    audit = Audit(_LostMeanwhile(cast(Any, FakeBucket()), "ledger"), "kim")
    with pytest.raises(ValueError, match="no such key"), audit.change("users add", "acme"):
        raise ValueError("no such key")


@pytest.mark.parametrize("text", [b"", b"\xff", b"{}", b"[]", b'{"id": "1"}'])
def test_what_is_no_entry_is_neither_hidden_nor_hides_others(text: bytes) -> None:
    s3 = FakeBucket()
    audit = _audit(s3)
    for name in ("acme", "zoe"):
        with audit.change("users add", name):
            pass
    [_, first] = sorted(name for name in s3.objects if name.startswith("audit/all/"))
    s3.objects[first] = text
    zoe, written_over = audit.newest().changes
    assert zoe.about == "zoe"
    assert (written_over.about, written_over.result) == (first, "failed")


def test_the_newest_come_first_page_by_page() -> None:
    audit = _audit(FakeBucket())
    for number in range(5):
        with audit.change("users add", f"user-{number}"):
            pass
    first = audit.newest(limit=2)
    second = audit.newest(limit=2, after=first.next or "")
    third = audit.newest(limit=2, after=second.next or "")
    seen = [change.about for page in (first, second, third) for change in page.changes]
    assert seen == ["user-4", "user-3", "user-2", "user-1", "user-0"]
    assert third.next is None


def test_the_changes_of_one_customer() -> None:
    audit = _audit(FakeBucket())
    for about in ("acme", "acme-corp", "acme"):
        with audit.change("users show", about):
            pass
    assert [change.about for change in audit.newest(about="acme").changes] == ["acme", "acme"]
    assert audit.newest(about="nobody").changes == ()
