"""When Quill is told of a file, and when it hears that it was a fragment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sftp_watchdog.errors import NoReceiptError, NoVersionsError, TakenError
from sftp_watchdog.events import Upload
from sftp_watchdog.evidence import Evidence
from sftp_watchdog.ledger_names import Ref

from tests.unit.watchdog_fakes import FakeBucket, client_error
from tests.unit.whole_fakes import Desk, at, broken_off, completed, renamed

CLOSE, PROOF = "", "complete = 'proof'"
MARKER = "complete = 'marker'\nmarker = '*.done'"
KEY = "in/q3 sales+é 100%.csv"


def test_a_closed_file_is_told_at_once_and_its_completion_changes_nothing() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"whole", 1)
    assert desk.hear(upload) == ["accepted"]
    assert desk.hear(completed(upload)) == []
    assert desk.hear(upload) == ["duplicate"]


def test_a_fragment_that_was_told_is_withdrawn_once() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"frag", 1)
    desk.hear(upload)
    evidence = broken_off(upload)
    assert desk.hear(evidence) == ["partial"]
    assert desk.hear(evidence) == ["duplicate"]
    assert desk.hear(upload) == ["duplicate"]
    assert desk.quill.withdrawn == [f"p/{upload.upload_id}"]
    entry = desk.entry(upload)
    assert [step.what for step in entry.history] == ["accepted", "partial"]
    assert evidence.reason in entry.reason


def test_a_fragment_known_as_such_before_its_event_is_never_told() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"", 1)
    assert desk.hear(broken_off(upload)) == ["partial"]
    assert desk.hear(upload) == ["duplicate"]
    assert desk.quill.told == desk.quill.withdrawn == []
    assert desk.entry(upload).uploaded_by == "acme"


class Killed(BaseException):
    """Not even `except Exception` sees a worker's death."""


class Deadly(FakeBucket):
    """Whoever lists a fragment first dies of it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_deadly = True

    def put_object(self, **request: Any) -> dict[str, Any]:
        if self.is_deadly and request["Key"].startswith("attention/partial/"):
            self.is_deadly = False
            raise Killed
        return super().put_object(**request)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_fragment_is_listed_although_the_first_worker_died(is_told: bool) -> None:
    desk = Desk(CLOSE, Deadly())
    upload = desk.s3.store(KEY, b"frag", 1)
    if is_told:
        desk.hear(upload)
    with pytest.raises(Killed):
        desk.hear(broken_off(upload))
    desk.hear(broken_off(upload))
    ref = Ref.of(upload.key, upload.upload_id)
    assert list(desk.ledger.needing_attention("partial")) == [ref]
    assert list(desk.ledger.of_day(upload.uploaded_at[:10])) == [ref]


@pytest.mark.parametrize("complete", [PROOF, MARKER])
def test_a_fragment_that_waits_is_never_told(complete: str) -> None:
    desk = Desk(complete)
    upload = desk.s3.store(KEY, b"frag", 1)
    assert desk.hear(upload) == ["waiting"]
    assert desk.hear(broken_off(upload)) == ["partial"]
    assert desk.quill.told == desk.quill.withdrawn == []


def test_a_fragment_of_which_a_try_failed_may_be_known_to_quill() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"frag", 1)
    desk.quill.fails = True
    with pytest.raises(NoReceiptError):
        desk.hear(upload)
    desk.clerk.failed(upload, "Quill is away", 30, is_last=False)
    with pytest.raises(NoReceiptError):
        desk.hear(broken_off(upload))
    desk.quill.fails = False
    assert desk.hear(broken_off(upload)) == ["partial"]
    assert desk.hear(upload) == ["duplicate"]
    assert desk.quill.withdrawn == [f"p/{upload.upload_id}"]


@pytest.mark.parametrize("now", [PROOF, MARKER])
def test_a_fragment_of_which_a_try_failed_under_another_route_is_withdrawn(now: str) -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"frag", 1)
    desk.quill.fails = True
    with pytest.raises(NoReceiptError):
        desk.hear(upload)
    desk.clerk.failed(upload, "Quill is away", 30, is_last=False)
    desk.quill.fails = False
    desk.change_route(now)
    assert desk.hear(upload) == ["waiting"]
    assert desk.hear(broken_off(upload)) == ["partial"]
    assert desk.quill.withdrawn == [f"p/{upload.upload_id}"]


def test_a_fragment_that_a_worker_holds_is_looked_at_again() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"frag", 1)
    desk.ledger.claim(upload, None, 60)
    with pytest.raises(TakenError):
        desk.hear(broken_off(upload))


def test_an_unrouted_fragment_is_known_as_one() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store("elsewhere/a.csv", b"frag", 1)
    assert desk.hear(upload) == ["unrouted"]
    assert desk.hear(broken_off(upload)) == ["partial"]
    assert desk.quill.withdrawn == []


def test_temporary_names_of_fragments_are_ignored() -> None:
    desk = Desk(CLOSE)
    assert desk.hear(broken_off(desk.s3.store("in/a.filepart", b"frag", 1))) == ["ignored"]


def test_what_a_person_orders_is_delivered_and_stays_so() -> None:
    desk = Desk(PROOF)
    upload = desk.s3.store(KEY, b"frag", 1)
    desk.hear(broken_off(upload))
    assert desk.hear(replace(upload, ordered_by="ada")) == ["accepted"]
    assert desk.hear(broken_off(upload)) == ["duplicate"]
    assert desk.quill.withdrawn == []


def test_what_was_withdrawn_cannot_be_ordered_for_quill_keeps_it_so() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"frag", 1)
    desk.hear(upload)
    desk.hear(broken_off(upload))
    # As `quillgate redrive` does before it queues the order.
    desk.ledger.update(
        Ref.of(upload.key, upload.upload_id),
        lambda entry: entry.moved(at(50), "retrying", "put back by ada"),
    )
    assert desk.hear(replace(upload, ordered_by="ada")) == ["partial"]
    assert "uploaded again" in desk.entry(upload).reason
    assert len(desk.quill.told) == 1


def test_the_latest_fragment_that_fits_is_meant() -> None:
    desk = Desk(CLOSE)
    uploads = [desk.s3.store(KEY, b"frag", seconds) for seconds in (1, 5, 9)]
    desk.s3.store(KEY, b"longer", 10)
    desk.s3.store(KEY, b"frag", 200)
    desk.hear(broken_off(uploads[0], started=at(0), ended=at(12)))
    assert desk.entry(uploads[2]).outcome == "partial"
    assert [each for each in uploads[:2] if desk.hear(each) != ["accepted"]] == []


def test_what_was_sent_anew_after_the_cut_is_not_meant() -> None:
    """The cut came after the last byte, so that both have the same size."""
    desk = Desk(CLOSE)
    cut, anew = desk.s3.store(KEY, b"cut!!", 3), desk.s3.store(KEY, b"whole", 20)
    assert desk.hear(anew) == ["accepted"]
    assert desk.hear(broken_off(cut)) == ["partial"]
    assert desk.hear(broken_off(cut)) == ["duplicate"]
    assert [desk.entry(each).outcome for each in (cut, anew)] == ["partial", "accepted"]


def test_a_fragment_may_be_stored_a_while_after_the_cut() -> None:
    desk = Desk(CLOSE)
    cut, anew = desk.s3.store(KEY, b"cut!!", 9), desk.s3.store(KEY, b"whole", 20)
    desk.hear(broken_off(cut, started=at(1), ended=at(5)))
    assert desk.entry(cut).outcome == "partial"
    assert desk.hear(anew) == ["accepted"]


def test_what_was_proven_whole_is_no_fragment() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"whole", 1)
    desk.hear(completed(upload))
    assert desk.hear(broken_off(upload)) == []


def test_evidence_that_fits_nothing_is_looked_at_again_for_a_while() -> None:
    desk = Desk(CLOSE)
    upload = desk.s3.store(KEY, b"frag", 1)
    unknown = broken_off(upload, size=99, ended=at(30))
    with pytest.raises(NoVersionsError, match="looked at again"):
        desk.hear(unknown)
    assert desk.hear(replace(unknown, ended=at(-1))) == []
    assert desk.hear(replace(unknown, bucket="another")) == []


def test_where_the_engine_cannot_list_a_key_the_latest_version_is_meant() -> None:
    desk = Desk(CLOSE)
    desk.s3.unlistable = True
    upload = desk.s3.store("in/new\nline.csv", b"frag", 1)
    assert desk.hear(broken_off(upload)) == ["partial"]
    with pytest.raises(NoVersionsError):
        desk.hear(replace(broken_off(upload), key="in/\x01", ended=at(60)))
    desk.s3.failure = client_error(403)
    with pytest.raises(NoVersionsError, match="let the watchdog list them"):
        desk.clerk.uploads(broken_off(upload))


@pytest.mark.parametrize("has_etag", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_proof_counts_before_and_after_the_upload(is_first: bool, has_etag: bool) -> None:
    desk = Desk(PROOF)
    upload = desk.s3.store(KEY, b"whole", 1)
    proof = completed(upload)
    proof = proof if has_etag else replace(proof, etag=None)
    heard = [desk.hear(each) for each in ((proof, upload) if is_first else (upload, proof))]
    assert heard == ([[], ["accepted"]] if is_first else [["waiting"], ["accepted"]])
    assert desk.hear(proof) == []
    assert len(desk.quill.told) == 1


@pytest.mark.parametrize("complete", [PROOF, MARKER])
def test_what_fails_after_its_proof_or_marker_is_tried_again_with_that(complete: str) -> None:
    desk = Desk(complete)
    upload = desk.s3.store(KEY, b"whole", 1)
    assert desk.hear(upload) == ["waiting"]
    event = desk.s3.store(f"{KEY}.done", b"", 2) if complete == MARKER else completed(upload)
    desk.quill.fails = True
    for _ in range(2):
        with pytest.raises(NoReceiptError):
            desk.hear(event)
        desk.clerk.failed(upload, "Quill is away", 30, is_last=False)
        desk.now += timedelta(seconds=61)
    desk.quill.fails = False
    assert desk.hear(event)[-1] == "accepted"
    assert desk.hear(upload) == ["duplicate"]


def test_a_proof_is_for_its_bytes_only() -> None:
    desk = Desk(PROOF)
    older, newer = desk.s3.store(KEY, b"older", 1), desk.s3.store(KEY, b"newer", 2)
    assert desk.hear(completed(newer)) == []
    assert [desk.hear(each) for each in (older, newer)] == [["waiting"], ["accepted"]]


def test_a_person_delivers_without_proof() -> None:
    desk = Desk(PROOF)
    upload = desk.s3.store(KEY, b"whole", 1)
    desk.hear(upload)
    assert desk.hear(replace(upload, ordered_by="ada")) == ["accepted"]


@given(order=st.permutations(range(4)), twice=st.lists(st.integers(0, 3), max_size=3))
@settings(max_examples=40, deadline=None)
def test_a_proof_goes_with_a_rename_whatever_comes_first(
    order: list[int], twice: list[int]
) -> None:
    desk = Desk(PROOF)
    temporary = desk.s3.store(f"{KEY}.filepart", b"whole", 1)
    upload = desk.s3.store(KEY, b"whole", 3)
    rename = renamed(temporary.key, upload, started=at(3), ended=at(3.5))
    events: list[Upload | Evidence] = [temporary, completed(temporary), rename, upload]
    for each in [*order, *twice]:
        desk.hear(events[each])
    assert desk.quill.told == [upload.version_id]


def test_a_rename_proves_nothing_by_itself() -> None:
    desk = Desk(PROOF)
    temporary = desk.s3.store(f"{KEY}.filepart", b"frag", 1)
    upload = desk.s3.store(KEY, b"frag", 3)
    assert desk.hear(upload) == ["waiting"]
    assert desk.hear(broken_off(temporary)) == ["ignored"]
    assert desk.hear(renamed(temporary.key, upload)) == []
    assert desk.quill.told == []


def test_a_temporary_name_that_is_used_again_and_again_costs_no_more_each_time() -> None:
    desk = Desk(PROOF, kept := FakeBucket())
    for number in range(3):
        old = desk.s3.store("in/upload.tmp", b"", number)
        desk.hear(completed(old))
        new = desk.s3.store(f"in/{number}.csv", b"", number)
        desk.hear(renamed(old.key, new))
        assert desk.hear(new) == ["accepted"]
    assert [name for name in kept.objects if name.startswith("renames/")] == []


def test_a_proof_of_a_file_with_many_versions_looks_at_the_newest() -> None:
    desk = Desk(PROOF)
    for number in range(3000):
        desk.s3.store(KEY, str(number).encode(), number / 100)
    upload = desk.s3.store(KEY, b"whole", 30)
    assert desk.hear(upload) == ["waiting"]
    desk.s3.listed = 0
    assert desk.hear(completed(upload)) == ["accepted"]
    assert desk.s3.listed <= 1000


def test_a_rename_there_and_back_ends() -> None:
    desk = Desk(PROOF)
    first = desk.s3.store(KEY, b"whole", 1)
    second = desk.s3.store(f"{KEY}.b", b"whole", 3)
    third = desk.s3.store(KEY, b"whole", 5)
    for each in (renamed(KEY, second), renamed(second.key, third, started=at(4))):
        desk.hear(each)
    assert [desk.hear(each) for each in (first, second, third)] == [["waiting"]] * 3
    assert desk.hear(completed(first)) == ["accepted"] * 3


class Overtaken(FakeBucket):
    """Does something once, right after a first look for a proof found none."""

    def __init__(self) -> None:
        super().__init__()
        self.then: Callable[[], object] | None = None

    def get_object(self, **request: Any) -> dict[str, Any]:
        try:
            return super().get_object(**request)
        finally:
            then, self.then = self.then, None
            if then and request["Key"].startswith("proofs/"):
                then()
            else:
                self.then = then


def test_a_proof_that_comes_while_a_worker_holds_the_upload_counts() -> None:
    bucket = Overtaken()
    desk = Desk(PROOF, bucket)
    upload = desk.s3.store(KEY, b"whole", 1)
    heard: list[list[str]] = []
    bucket.then = lambda: heard.append(desk.hear(completed(upload)))
    assert desk.hear(upload) == ["accepted"]
    assert heard == [[]]
    assert len(desk.quill.told) == 1
