from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from emulator.quill.inbox import Inbox
from tests.unit.quill_fakes import message, notification


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    with closing(Inbox(tmp_path_factory.mktemp("quill") / "inbox.sqlite3")) as inbox:
        yield inbox


@pytest.fixture
def inbox(opened: Inbox) -> Inbox:
    """An inbox that is empty."""
    opened.clear()
    return opened


def test_the_same_id_gets_the_same_receipt_and_counts(inbox: Inbox) -> None:
    first, recorded = inbox.accept(notification())
    again, repeated = inbox.accept(notification())

    assert (first, recorded.fresh) == (again, True)
    assert (repeated.fresh, repeated.attempts) == (False, 2)
    [item] = inbox.items()
    assert {name: item[name] for name in message()} == message()
    assert (item["attempts"], item["status"], item["receipt"]) == (2, "accepted", first)
    assert item["story_key"] is None
    assert item["received_at"].endswith("Z")


def test_of_two_calls_at_once_one_is_fresh(inbox: Inbox) -> None:
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(inbox.accept(notification())))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({receipt for receipt, _ in answers}) == 1
    assert sum(recorded.fresh for _, recorded in answers) == 1
    assert inbox.items()[0]["attempts"] == 8


def test_receipts_differ_between_files_and_after_a_clear(inbox: Inbox) -> None:
    receipts = {inbox.accept(notification(name))[0] for name in ("a.csv", "b.csv")}
    inbox.clear()
    receipts.add(inbox.accept(notification("a.csv"))[0])

    assert len(receipts) == 3


def test_a_refused_call_is_an_attempt_until_one_is_accepted(inbox: Inbox) -> None:
    inbox.turn_away(notification())
    [item] = inbox.items()
    assert (item["status"], item["receipt"], item["attempts"]) == ("failed", None, 1)

    inbox.reject(notification(), "no such layout")
    [item] = inbox.items()
    assert (item["status"], item["reason"]) == ("rejected", "no such layout")

    inbox.accept(notification())
    inbox.turn_away(notification())
    inbox.reject(notification(), "too late")
    [item] = inbox.items()
    assert (item["status"], item["attempts"]) == ("accepted", 5)
    assert "reason" not in item


def test_until_it_is_accepted_the_latest_telling_counts(inbox: Inbox) -> None:
    inbox.turn_away(notification(project="wrong"))
    inbox.accept(notification(project="right"))
    inbox.accept(notification(project="late"))

    assert [item["project"] for item in inbox.items()] == ["right"]
    assert inbox.items(project="wrong") == []


def test_withdrawn_stays_withdrawn_and_keeps_its_receipt(inbox: Inbox) -> None:
    told = notification()
    receipt, recorded = inbox.accept(told)

    assert inbox.withdraw(told.project, told.id)
    assert inbox.accept(told)[0] == receipt
    assert inbox.items()[0]["status"] == "withdrawn"
    assert inbox.job(recorded.seq) is None
    assert inbox.unwritten() == []
    assert not inbox.withdraw(told.project, "0" * 64)
    assert not inbox.withdraw("other", told.id)


def test_withdrawn_before_it_was_accepted_gets_a_lasting_receipt(inbox: Inbox) -> None:
    told = notification()
    inbox.turn_away(told)
    inbox.withdraw(told.project, told.id)

    first, recorded = inbox.accept(told)

    assert first == inbox.accept(told)[0]
    assert (recorded.status, recorded.fresh) == ("withdrawn", False)


def test_items_come_in_order_of_arrival_and_by_exact_name(inbox: Inbox) -> None:
    names = ["b.csv", "a'%.csv", "new\nline é+.csv"]
    for name in names:
        inbox.accept(notification(name))
    inbox.accept(notification("b.csv"))

    told = [message(name)["key"] for name in names]
    assert [item["key"] for item in inbox.items()] == told
    assert [item["key"] for item in inbox.items(last=2)] == told[1:]
    for key in told:
        assert [item["key"] for item in inbox.items(key=key, project="acme-sales")] == [key]
    assert inbox.items(key="%") == []


def test_it_is_all_there_after_a_restart(tmp_path: Path) -> None:
    first = Inbox(tmp_path / "inbox.sqlite3")
    receipt, recorded = first.accept(notification())
    first.close()
    second = Inbox(tmp_path / "inbox.sqlite3")

    assert second.unwritten() == [recorded.seq]
    assert second.accept(notification())[0] == receipt
    second.close()


def test_a_cleared_job_is_not_delivered_even_if_its_id_comes_again(inbox: Inbox) -> None:
    _, recorded = inbox.accept(notification())
    job = inbox.job(recorded.seq)
    assert job is not None
    inbox.clear()
    inbox.accept(notification())
    put: list[str] = []

    assert not inbox.deliver(job, "story", lambda key, _: put.append(key))
    inbox.give_up(job, "too late")
    assert put == []
    assert inbox.items()[0]["story_key"] is None
    assert "story_error" not in inbox.items()[0]


def test_a_story_that_cannot_be_put_stays_to_be_told(inbox: Inbox) -> None:
    _, recorded = inbox.accept(notification())
    job = inbox.job(recorded.seq)
    assert job is not None

    def refuse(key: str, text: str) -> None:
        raise PermissionError(key, text)

    with pytest.raises(PermissionError):
        inbox.deliver(job, "story", refuse)

    assert inbox.unwritten() == [recorded.seq]
    assert inbox.story(job.notification.id) is None
    assert inbox.deliver(job, "story", lambda *_: None)
    assert inbox.story(job.notification.id) == "story"
    assert not inbox.deliver(job, "story", refuse)


def test_a_story_told_late_does_not_replace_a_newer_one(inbox: Inbox) -> None:
    older = notification(id="0" * 64, uploaded_at="2026-11-23T09:00:00.000Z")
    newer = notification(id="1" * 64, uploaded_at="2026-11-23T09:00:01.000Z")
    put: list[str] = []
    for each, text in ((newer, "newer"), (older, "older")):
        _, recorded = inbox.accept(each)
        job = inbox.job(recorded.seq)
        assert job
        assert inbox.deliver(job, text, lambda _, told: put.append(told))
    assert put == ["newer"]
    assert all(item["story_key"] for item in inbox.items())
    assert inbox.story("0" * 64) == "older"
