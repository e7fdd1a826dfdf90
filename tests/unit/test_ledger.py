from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sftp_watchdog.entry import Entry, Step
from sftp_watchdog.errors import LedgerError, TakenError
from sftp_watchdog.events import Upload
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import Ref, newest_first

from tests.unit.watchdog_fakes import FakeBucket, client_error

UPLOAD = Upload(
    "bucket-1", "acme/incoming/q3 sales+é.csv", "v1", 7, "e", "2026-11-23T09:00:00.250Z", "a" * 64
)


REF = Ref.of(UPLOAD.key, UPLOAD.upload_id)
STORY = Step("2026-11-23T09:00:02.000Z", "story", "acme/outgoing/q3 sales+é.csv.story.txt")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Bench:
    def __init__(self) -> None:
        self.s3, self.clock = FakeBucket(), Clock()
        self.ledger = Ledger(cast("Any", self.s3), "ledger-1", self.clock)

    def settle(self, upload: Upload, outcome: Any = "accepted", **changes: Any) -> Entry:
        held = self.ledger.claim(upload, "acme", 10)
        entry = held.entry.moved(self.ledger.now(), outcome, "because", **changes)
        return self.ledger.save(held, entry).entry


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_one_of_many_workers_gets_an_upload(bench: Bench) -> None:
    def claim(_: int) -> bool:
        try:
            return bool(bench.ledger.claim(UPLOAD, "acme", 10))
        except TakenError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(16))) == 1


@pytest.mark.parametrize("outcome", ["accepted", "done"])
def test_what_quill_has_is_not_told_again_by_an_order(bench: Bench, outcome: str) -> None:
    """Its proof came before the order, or SQS hands the order out a second time."""
    settled = bench.settle(UPLOAD, outcome)
    ordered = replace(UPLOAD, ordered_by="ada")
    assert bench.ledger.claim(ordered, "acme", 10).entry == settled


@pytest.mark.parametrize("outcome", ["rejected", "partial"])
def test_what_quill_has_not_is_told_by_an_order(bench: Bench, outcome: str) -> None:
    bench.settle(UPLOAD, outcome)
    ordered = replace(UPLOAD, ordered_by="ada")
    assert bench.ledger.claim(ordered, "acme", 10).entry.outcome == "telling"


def test_a_hold_ends(bench: Bench) -> None:
    first = bench.ledger.claim(UPLOAD, "acme", 10)
    bench.clock.now += timedelta(seconds=10)
    bench.ledger.claim(UPLOAD, "acme", 10)
    with pytest.raises(TakenError, match="has changed the entry"):
        bench.ledger.save(first, first.entry)


def test_an_entry_is_found_by_its_key_and_listed_by_day_and_user(bench: Bench) -> None:
    later = replace(UPLOAD, version_id="v2", upload_id="b" * 64, uploaded_at="2026-11-23T10:00:00Z")
    other = replace(UPLOAD, key="acme/incoming/other.csv", upload_id="c" * 64)
    for upload in (UPLOAD, later, other):
        bench.settle(upload)
    assert [entry.version_id for entry in bench.ledger.of_key(UPLOAD.key)] == ["v2", "v1"]
    for listed in (bench.ledger.of_day("2026-11-23"), bench.ledger.of_user("acme")):
        refs = list(listed)
        assert refs[0].upload_id == "b" * 64
        assert {ref.upload_id[0] for ref in refs} == {"a", "b", "c"}
    assert list(bench.ledger.of_day("2026-11-24")) == list(bench.ledger.of_user("acm")) == []


def test_what_needs_attention_is_listed_until_it_does_not(bench: Bench) -> None:
    bench.settle(UPLOAD, "waiting")
    [ref] = bench.ledger.needing_attention("waiting")
    assert ref == Ref.of(UPLOAD.key, UPLOAD.upload_id)
    bench.settle(UPLOAD, "accepted")
    assert list(bench.ledger.needing_attention("waiting")) == []
    assert len(list(bench.ledger.of_day("2026-11-23"))) == 1


def test_a_try_that_fails_for_the_last_time_leaves_the_list_of_retries(bench: Bench) -> None:
    """Whoever notes that has not taken the entry: another worker held it, and may have died."""
    bench.settle(UPLOAD, "retrying")
    bench.ledger.update(REF, lambda entry: entry.with_story(bench.ledger.now(), STORY))
    bench.ledger.claim(UPLOAD, "acme", 10)
    bench.ledger.update(REF, lambda entry: entry.moved(bench.ledger.now(), "dead", "away"))
    assert list(bench.ledger.needing_attention("retrying")) == []
    assert list(bench.ledger.needing_attention("dead")) == [REF]


def test_a_long_history_keeps_both_ends(bench: Bench) -> None:
    entry = bench.settle(UPLOAD, "retrying")
    for number in range(200):
        entry = entry.moved(bench.ledger.now(), "retrying", f"try {number}")
    reasons = [step.reason for step in entry.history]
    assert len(reasons) == 30
    assert (reasons[0], reasons[-1]) == ("because", "try 199")


def test_an_update_is_made_on_what_is_there(bench: Bench) -> None:
    bench.settle(UPLOAD)
    ref = Ref.of(UPLOAD.key, UPLOAD.upload_id)
    meddled: list[int] = []

    def change(entry: Entry) -> Entry:
        if not meddled:
            meddled.append(1)
            bench.ledger.update(ref, lambda entry: replace(entry, project="meanwhile"))
        return replace(entry, receipt="r-2")

    changed = bench.ledger.update(ref, change)
    assert changed
    assert (changed.project, changed.receipt) == ("meanwhile", "r-2")


def test_an_update_of_nothing_is_none(bench: Bench) -> None:
    assert bench.ledger.update(Ref.of("x", "y"), lambda entry: entry) is None


def test_a_story_leads_to_the_last_upload_told_of_it(bench: Bench) -> None:
    first, last = Ref.of("a", "1" * 64), Ref.of("b", "2" * 64)
    for ref in (first, last):
        bench.ledger.expect_story("acme/outgoing/a.story.txt", ref)
    assert bench.ledger.story_is_for("acme/outgoing/a.story.txt") == last
    assert bench.ledger.story_is_for("acme/outgoing/b.story.txt") is None


def test_errors_of_s3_say_what_to_do(bench: Bench) -> None:
    bench.s3.failure = client_error(403, "AccessDenied")
    with pytest.raises(LedgerError, match=r"AccessDenied.* - let the watchdog read and write it"):
        bench.ledger.claim(UPLOAD, "acme", 10)
    with pytest.raises(LedgerError):
        list(bench.ledger.of_day("2026-11-23"))


@given(text=st.text(), at=st.datetimes(datetime(2001, 1, 1), datetime(2200, 1, 1)))
def test_entries_are_read_as_written(text: str, at: datetime) -> None:
    begun = Entry.begun(replace(UPLOAD, key=text), None, at.isoformat(), at.isoformat())
    entry = begun.moved("now", "rejected", text).with_story("now", Step("then", "story", text))
    assert entry
    assert Entry.from_json(entry.to_json()) == entry


def test_what_a_later_version_added_is_passed_over() -> None:
    entry = Entry.begun(UPLOAD, None, "now", "then")
    assert Entry.from_json(entry.to_json().replace(b"{", b'{"colour": "red", ', 1)) == entry


def test_later_times_sort_first() -> None:
    times = ["9999-12-31T23:59:59.999Z", "2026-11-23T09:00:00.001Z", "2026-11-23T09:00:00Z"]
    times += ["1999-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"]
    assert sorted(times, key=newest_first) == times
    assert {len(newest_first(time)) for time in times} == {13}


def test_a_bucket_that_is_gone_is_no_empty_ledger(bench: Bench) -> None:
    bench.s3.failure = client_error(404, "NoSuchBucket")
    with pytest.raises(LedgerError, match="NoSuchBucket"):
        bench.ledger.claim(UPLOAD, "acme", 10)
    with pytest.raises(LedgerError, match="NoSuchBucket"):
        bench.ledger.find(REF)


@pytest.mark.parametrize("text", [b"", b"{}", b"7", b'{"history": [7]}', b"\xff"])
def test_a_broken_entry_is_named(bench: Bench, text: bytes) -> None:
    bench.s3.objects[REF.entry] = text
    with pytest.raises(LedgerError, match=r"entry is broken: 'entries/.* - delete all that has"):
        bench.ledger.find(REF)


def test_a_slow_worker_does_not_undo_what_another_settled(bench: Bench) -> None:
    slow = bench.ledger.claim(UPLOAD, "acme", 10)
    bench.clock.now += timedelta(seconds=11)
    settled = bench.settle(UPLOAD, receipt="r-1")
    bench.ledger.finish(slow, lambda entry: entry.moved("now", "unrouted", "no route"))
    assert bench.ledger.of_key(UPLOAD.key) == [settled]
