"""What a person orders of uploads: done or refused with a reason, and always on record."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from sftp_watchdog.entry import Entry
from sftp_watchdog.errors import QueueError

from quillgate import redrive_command
from quillgate.audit import Audit, Change
from quillgate.errors import NoUploadError, OrderError
from quillgate.operate import by_hand
from quillgate.operate.orders import Orders, local_user
from quillgate.operate.redrive import Redriven, Wanted
from quillgate.redrive_command import carry_out, settle
from tests.unit.operate_fakes import (
    KEY,
    FakeQueue,
    FakeVersions,
    Place,
    body,
    entry,
    upload,
    version,
)
from tests.unit.watchdog_fakes import client_error

LATER = "2999-01-01T00:00:00.000Z"


@pytest.fixture
def place() -> Place:
    """A stack that has the file's first version."""
    return Place(FakeVersions(version()))


def audit(place: Place) -> Audit:
    return Audit(place.ledger, "kim", "console", "operator")


def again(place: Place, **wanted: Any) -> Redriven:
    orders = Orders(place.deployment, "kim")
    return by_hand.deliver_again(orders, audit(place), Wanted(key=KEY, **wanted))


def trail(place: Place) -> list[Change]:
    return list(audit(place).newest().changes)


def now(place: Place) -> Entry:
    [found] = place.ledger.of_key(KEY)
    return found


def test_an_upload_delivered_again_is_on_record(place: Place) -> None:
    place.keep(entry("waiting"))
    assert again(place).put_back == 1
    [change] = trail(place)
    assert (change.what, change.about, change.who, change.result) == ("redrive", KEY, "kim", "done")
    assert change.before == {"state": "waiting"}
    assert change.after == {"state": "retrying", "version": "v1"}
    assert [each.ordered_by for each in place.queue.sent_uploads()] == ["kim"]


def test_its_dead_letter_goes_with_it_and_it_is_told_once(place: Place) -> None:
    place.keep(entry("dead"))
    place.queue.messages = FakeQueue(body(upload()), "hello").messages
    assert again(place, limit=10).put_back == 1
    assert (list(place.queue.messages.values()), len(place.queue.sent)) == (["hello"], 1)
    assert place.queue.hidden == set()


def test_a_dead_letter_too_far_away_is_left_and_the_upload_told_all_the_same(place: Place) -> None:
    place.keep(entry("dead"))
    place.queue.messages = FakeQueue(*["hello"] * 30, body(upload())).messages
    assert again(place, limit=10).put_back == 1
    assert (len(place.queue.messages), place.queue.hidden) == (31, set())


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (entry("accepted"), "it is accepted since 2026-11-23 12:00:02 UTC"),
        (entry("done"), "it is done since"),
        (entry("telling", due=LATER), "being told at this moment"),
        (None, "not in the ledger yet"),
    ],
)
def test_what_cannot_be_delivered_again_says_why_and_leaves_no_entry(
    place: Place, kept: Entry | None, said: str
) -> None:
    place.keep(*([kept] if kept else []))
    with pytest.raises(OrderError, match=said):
        again(place)
    assert (place.queue.sent, trail(place)) == ([], [])


def test_a_version_that_is_gone_cannot_be_delivered_again() -> None:
    place = Place(FakeVersions(version(version_id="v2")))
    place.keep(entry("waiting"))
    with pytest.raises(NoUploadError, match="no such version: 'v1' - its versions: v2"):
        again(place, version_id="v1")
    assert trail(place) == []


def test_what_fails_is_on_record_with_what_was_done(place: Place) -> None:
    place.queue.messages = FakeQueue(body(upload())).messages
    place.queue.send_failure = client_error(500)
    with pytest.raises(QueueError):
        by_hand.redrive(Orders(place.deployment, "kim"), audit(place), Wanted(), Redriven())
    [change] = trail(place)
    assert (change.about, change.result) == (by_hand.DEAD_LETTERS, "failed")
    assert change.after == {"put back": 0, "files": [], "left": 0}


def test_one_letter_is_put_back_and_no_other() -> None:
    bodies = [body(upload(f"{n}.csv")) for n in range(3)]
    place = Place(queue=FakeQueue(*bodies, "hello"))
    place.keep(*(entry("dead", upload(f"{n}.csv")) for n in range(4)))
    done = Redriven()
    orders = Orders(place.deployment, "kim")
    by_hand.redrive(orders, audit(place), Wanted(key="1.csv", message_id="m1", limit=200), done)
    assert [each.key for each in place.queue.sent_uploads()] == ["1.csv"]
    assert list(place.queue.messages) == ["m0", "m2", "m3"]
    [change] = trail(place)
    assert (change.about, change.after) == ("1.csv", {"put back": 1, "files": ["1.csv"]})


def test_a_letter_of_another_file_is_left_where_it_is() -> None:
    place, done = Place(queue=FakeQueue(body(upload("a.csv")))), Redriven()
    wanted = Wanted(key="b.csv", message_id="m0")
    by_hand.redrive(Orders(place.deployment, "kim"), audit(place), wanted, done)
    assert (done.put_back, list(place.queue.messages)) == (0, ["m0"])


def test_a_foreign_letter_is_never_put_back() -> None:
    place, done = Place(queue=FakeQueue("hello")), Redriven()
    by_hand.redrive(Orders(place.deployment, "kim"), audit(place), Wanted(message_id="m0"), done)
    assert (done.put_back, list(place.queue.messages)) == (0, ["m0"])


def test_a_bounded_run_stops_and_the_next_goes_on() -> None:
    uploads = [upload(f"{n}.csv", seconds=n) for n in range(25)]
    place = Place(queue=FakeQueue(*map(body, uploads)))
    orders, counts = Orders(place.deployment, "kim"), []
    for _ in range(3):
        done = Redriven()
        by_hand.redrive(orders, audit(place), Wanted(limit=10), done)
        counts.append(done.put_back)
    assert counts == [10, 10, 5]
    assert (place.queue.messages, place.queue.hidden) == ({}, set())


def test_the_command_leaves_the_same_entry(place: Place) -> None:
    place.keep(entry("rejected"))
    carry_out(place.deployment, Wanted(key=KEY), yes=False)
    carry_out(place.deployment, Wanted(), yes=False)
    newest, first = sorted(trail(place), key=lambda change: change.about != by_hand.DEAD_LETTERS)
    assert (first.who, first.via, first.about) == (local_user(), "command", KEY)
    assert newest.after == {"put back": 0, "files": [], "left": 0}


@pytest.mark.parametrize("state", ["waiting", "unrouted", "rejected", "partial"])
def test_what_waits_for_a_person_can_be_dismissed(place: Place, state: str) -> None:
    place.keep(entry(state))
    by_hand.dismiss(place.deployment, audit(place), now(place), "sent twice")
    assert now(place).outcome == "done"
    assert now(place).reason == "dismissed by kim: sent twice"
    assert list(place.ledger.needing_attention(state)) == []
    [change] = trail(place)
    assert (change.what, change.before, change.result) == ("dismiss", {"state": state}, "done")
    with pytest.raises(OrderError, match="it is done since"):
        again(place)


@pytest.mark.parametrize("state", ["dead", "retrying", "telling"])
def test_what_can_be_delivered_is_dismissed_only_when_it_is_gone(place: Place, state: str) -> None:
    place.keep(entry(state))
    with pytest.raises(OrderError, match="the file is there: have it delivered again"):
        by_hand.dismiss(place.deployment, audit(place), now(place), "why")
    assert trail(place) == []
    place.s3.versions.clear()
    by_hand.dismiss(place.deployment, audit(place), now(place), "why")
    assert now(place).outcome == "done"


@pytest.mark.parametrize("kept", [entry("accepted"), entry("telling", due=LATER)])
def test_what_is_told_or_just_being_told_is_not_dismissed(kept: Entry) -> None:
    place = Place()
    place.keep(kept)
    with pytest.raises(OrderError, match="not dismissed"):
        by_hand.dismiss(place.deployment, audit(place), kept, "why")
    assert now(place) == kept


def test_a_private_key_is_no_reason_and_is_kept_nowhere(place: Place) -> None:
    place.keep(entry("waiting"))
    with pytest.raises(OrderError, match="PRIVATE half") as refused:
        by_hand.dismiss(
            place.deployment, audit(place), now(place), "-----BEGIN OPENSSH PRIVATE KEY----- b3B"
        )
    assert "b3B" not in str(refused.value)
    assert now(place).outcome == "waiting"
    assert trail(place) == []


def test_what_has_changed_meanwhile_is_not_dismissed(place: Place) -> None:
    place.keep(entry("accepted"))
    with pytest.raises(OrderError, match="has just changed"):
        by_hand.dismiss(place.deployment, audit(place), entry("waiting"), "why")
    assert now(place).outcome == "accepted"
    assert [change.result for change in trail(place)] == ["failed"]


def test_the_command_dismisses(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.keep(entry("waiting"))
    found = by_hand.entry_of(place.deployment, KEY)
    settle(place.deployment, found, "the customer\x1b gave up", yes=False)
    assert "was waiting" in capsys.readouterr().out
    assert now(place).outcome == "done"


@pytest.mark.parametrize("options", [{"dismiss": "x"}, {"dismiss": " ", "key": "k"}])
def test_a_dismissal_needs_a_key_and_a_reason(options: dict[str, Any]) -> None:
    with pytest.raises(typer.BadParameter):
        redrive_command.redrive(**options)


def test_an_entry_is_found_by_version_or_as_the_newest() -> None:
    place = Place()
    place.keep(entry("waiting"), entry("dead", upload(version_id="v2", seconds=5)))
    found = [by_hand.entry_of(place.deployment, KEY, each) for each in ("v1", "v2", None)]
    assert [each.version_id for each in found] == ["v1", "v2", "v2"]
    with pytest.raises(NoUploadError, match="not in the ledger"):
        by_hand.entry_of(place.deployment, KEY, "v3")
