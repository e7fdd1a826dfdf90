"""Dead letters go back, and nothing is lost, counted twice or told without need."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import typer
from sftp_watchdog.entry import Entry
from sftp_watchdog.errors import QueueError
from sftp_watchdog.events import Upload
from sftp_watchdog.evidence import Evidence, event
from sftp_watchdog.shapes import in_utc

from quillgate import redrive_command
from quillgate.errors import NoUploadError
from quillgate.operate.orders import Orders, person
from quillgate.operate.redrive import (
    Redriven,
    Wanted,
    dead_entries,
    dead_letters,
    newest_entry,
    one_entry,
)
from quillgate.redrive_command import carry_out
from tests.unit.operate_fakes import (
    KEY,
    NOW,
    FakeQueue,
    FakeVersions,
    Place,
    body,
    entry,
    upload,
    version,
)
from tests.unit.watchdog_fakes import client_error


def redrive(place: Place, wanted: Wanted | None = None) -> Redriven:
    """As the command does without a key."""
    done, orders = Redriven(), Orders(place.deployment, "alice")
    wanted = wanted or Wanted()
    dead_letters(orders, wanted, done, lambda _: None)
    dead_entries(orders, wanted, done, lambda _: None)
    return done


def uploads(number: int) -> list[Upload]:
    return [upload(f"acme/incoming/{n} +é.csv", seconds=n) for n in range(number)]


def found(place: Place, of: Upload) -> Entry:
    [kept] = place.ledger.of_key(of.key)
    return kept


def test_all_dead_letters_go_back_as_they_were() -> None:
    many = uploads(23)
    place = Place(queue=FakeQueue(*map(body, many)))
    place.keep(*(entry("dead", each) for each in many))
    done = redrive(place)
    assert (done.letters, done.entries, place.queue.messages) == (23, 0, {})
    assert place.queue.sent_uploads() == many
    assert {found(place, each).outcome for each in many} == {"retrying"}
    assert found(place, many[0]).history[-1].reason == "put back by alice"


def test_a_letter_is_sent_before_it_is_deleted() -> None:
    place = Place(queue=FakeQueue(body(upload())))
    redrive(place)
    assert place.queue.steps == ["send 1", "delete m0"]


def test_a_second_run_changes_nothing() -> None:
    place = Place(queue=FakeQueue(body(upload())))
    place.keep(entry("dead"))
    redrive(place)
    before = dict(place.ledger_bucket.objects)
    assert redrive(place).put_back == 0
    assert len(place.queue.sent) == 1
    assert place.ledger_bucket.objects == before


def test_a_queue_that_takes_nothing_leaves_the_letters_where_they_were() -> None:
    place = Place(queue=FakeQueue(*map(body, uploads(3))))
    place.queue.send_failure = client_error(500)
    with pytest.raises(QueueError):
        redrive(place)
    assert len(place.queue.messages) == 3
    assert place.queue.hidden == set()


def test_an_interrupted_run_makes_all_visible_that_it_holds() -> None:
    place = Place(queue=FakeQueue(*map(body, uploads(25))))

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    orders = Orders(place.deployment, "alice")
    with pytest.raises(KeyboardInterrupt):
        dead_letters(orders, Wanted(), Redriven(), interrupt)
    assert len(place.queue.messages) == 15
    assert place.queue.hidden == set()


def test_what_is_not_meant_is_visible_again() -> None:
    many = uploads(12)
    place = Place(queue=FakeQueue(*map(body, many)))
    done = redrive(place, Wanted(since=NOW + timedelta(seconds=10)))
    assert place.queue.sent_uploads() == many[10:]
    assert (done.letters, done.others) == (2, 10)
    assert (len(place.queue.messages), place.queue.hidden) == (10, set())


@pytest.mark.parametrize("text", ["hello", "{}", '{"Records": [1]}', '{"Event": "s3:TestEvent"}'])
def test_what_is_no_upload_is_left_counted_and_shown(text: str) -> None:
    place = Place(queue=FakeQueue(text, body(upload())))
    done = redrive(place)
    assert (done.letters, done.foreign, done.others) == (1, 1, 0)
    assert [letter.body for letter in done.examples] == [text]
    assert place.queue.messages == {"m0": text}
    assert place.queue.hidden == set()


def test_what_transfer_says_of_a_fragment_goes_back() -> None:
    word = Evidence("partial", "b", "acme/in/a.csv", in_utc(NOW), in_utc(NOW), 7)
    text = json.dumps({"Records": [event(word)]})
    place = Place(queue=FakeQueue(text))
    others = [Wanted(key="acme/in/b.csv"), Wanted(since=NOW + timedelta(seconds=1))]
    assert [redrive(place, other).put_back for other in others] == [0, 0]
    done = redrive(place, Wanted(key="acme/in/a.csv", since=NOW))
    assert (done.letters, done.foreign, place.queue.messages) == (1, 0, {})
    assert place.queue.sent == [text]


def test_records_beside_a_broken_one_go_back_with_it() -> None:
    good = body(upload())
    place = Place(queue=FakeQueue(good.replace('{"Records": [', '{"Records": [{"broken": 1}, ')))
    assert redrive(place).letters == 1
    assert place.queue.messages == {}
    assert len(place.queue.sent) == 2


def test_a_letter_that_cannot_be_deleted_is_sent_once_in_a_run() -> None:
    place = Place(queue=FakeQueue(body(upload())))
    place.queue.undeletable = {"m0"}
    assert redrive(place).letters == 1
    assert place.queue.hidden == set()


def test_dead_entries_without_a_letter_go_back() -> None:
    place = Place()
    place.keep(entry("dead"), entry("accepted", upload("acme/incoming/b.csv")))
    done = redrive(place)
    assert (done.letters, done.entries) == (0, 1)
    assert place.queue.sent_uploads() == [upload()]


def test_leftovers_in_the_list_of_the_dead_are_passed_over() -> None:
    place = Place()
    place.keep(entry("dead"))
    [held] = place.ledger.of_key(KEY)
    place.ledger_bucket.objects = {
        name: held.moved("now", "accepted", "").to_json() if name.startswith("entries/") else text
        for name, text in place.ledger_bucket.objects.items()
    }
    assert redrive(place).put_back == 0


def test_dead_entries_are_looked_at_no_further_than_the_time_asked_for() -> None:
    many = uploads(5)
    place = Place()
    place.keep(*(entry("dead", each) for each in many))
    assert redrive(place, Wanted(since=NOW + timedelta(seconds=3))).entries == 2
    assert [each.key for each in place.queue.sent_uploads()] == [many[4].key, many[3].key]


@pytest.mark.parametrize(
    "state", ["dead", "retrying", "waiting", "unrouted", "rejected", "partial"]
)
def test_a_key_is_told_whatever_its_state(state: str) -> None:
    place, done = Place(), Redriven()
    place.keep(entry(state))
    said = one_entry(Orders(place.deployment, "alice"), entry(state), done)
    assert said == f"was {state}: {KEY!r}, version v1"
    assert place.queue.sent_uploads() == [replace(upload(), ordered_by="alice")]
    assert found(place, upload()).outcome == "retrying"
    assert done.put_back == 1


@pytest.mark.parametrize("state", ["accepted", "done", "telling"])
def test_a_key_that_is_told_is_not_told_again(state: str) -> None:
    place, done = Place(), Redriven()
    kept = entry(state, due="2999-01-01T00:00:00.000Z" if state == "telling" else None)
    place.keep(kept)
    assert "not " in one_entry(Orders(place.deployment, "alice"), kept, done)
    assert (place.queue.sent, done.put_back) == ([], 0)
    assert found(place, upload()) == kept


def test_a_worker_that_is_faster_is_left_alone() -> None:
    place, done = Place(), Redriven()
    place.keep(entry("accepted"))
    said = one_entry(Orders(place.deployment, "alice"), entry("dead"), done)
    assert said.startswith("not put back")
    assert (place.queue.sent, done.put_back) == ([], 0)


def test_a_key_with_a_dead_letter_goes_back_once() -> None:
    place, done = Place(queue=FakeQueue(body(upload()))), Redriven()
    place.keep(entry("dead"))
    orders = Orders(place.deployment, "alice")
    dead_letters(orders, Wanted(key=KEY), done, lambda _: None)
    assert one_entry(orders, entry("dead"), done).startswith("was dead")
    assert (len(place.queue.sent), done.put_back) == (1, 1)


def test_the_newest_version_is_meant_or_the_one_named() -> None:
    place = Place(FakeVersions(version(version_id="v1"), version(version_id="v2", seconds=5)))
    for each in ("v1", "v2"):
        place.keep(entry("rejected", upload(version_id=each)))
    newest = newest_entry(place.deployment, Wanted(key=KEY))
    named = newest_entry(place.deployment, Wanted(key=KEY, version_id="v1"))
    assert newest is not None
    assert named is not None
    assert (newest.version_id, named.version_id) == ("v2", "v1")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(key="acme/incoming/q3 sale.csv"), f"near it: {KEY!r}"),
        (Wanted(key=KEY, version_id="v\n3"), r"no such version: 'v\n3' - its versions: v1"),
        (Wanted(key="other/x"), "nothing is in 'other/'"),
    ],
)
def test_what_is_not_there_is_said(wanted: Wanted, said: str) -> None:
    place = Place(FakeVersions(version()))
    with pytest.raises(NoUploadError) as caught:
        newest_entry(place.deployment, wanted)
    assert said in str(caught.value)


def test_an_upload_the_ledger_does_not_know_has_no_entry() -> None:
    assert newest_entry(Place(FakeVersions(version())).deployment, Wanted(key=KEY)) is None


def test_the_command_ends_with_counts(capsys: pytest.CaptureFixture[str]) -> None:
    foreign = [f"\x1b{'x' * 200}"] * 7
    place = Place(queue=FakeQueue(body(upload()), body(upload("b.csv", seconds=-60)), *foreign))
    place.keep(entry("dead", upload("c.csv")))
    carry_out(place.deployment, Wanted(since=NOW), yes=False)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err.startswith("embedded, stack stack-1\n")
    assert lines[0] == ("put back: 2 (1 from the dead-letter queue, 1 from the ledger)")
    assert lines[1] == "left: 1 other dead letters"
    assert lines[2].startswith("left: 7 messages that are no uploads")
    assert len(lines) == 3 + 5
    assert all(len(line) < 80 and line.isprintable() for line in lines)


def test_the_counts_are_told_when_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    place = Place(queue=FakeQueue(body(upload())))
    place.queue.send_failure = client_error(500)
    with pytest.raises(QueueError):
        carry_out(place.deployment, Wanted(), yes=False)
    assert "put back: 0" in capsys.readouterr().out


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(key=KEY)])
def test_on_aws_it_asks(
    wanted: Wanted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    place = Place(FakeVersions(version()), FakeQueue(body(upload())), environment="aws")
    with pytest.raises(typer.Abort):
        carry_out(place.deployment, wanted, yes=False)
    assert place.queue.sent == []
    assert "aws, stack stack-1" in capsys.readouterr().err
    carry_out(place.deployment, wanted, yes=True)
    assert len(place.queue.sent) == 1


def test_a_key_the_ledger_does_not_know_is_for_the_sweep(
    capsys: pytest.CaptureFixture[str],
) -> None:
    carry_out(Place(FakeVersions(version())).deployment, Wanted(key=KEY), yes=False)
    assert f"not in the ledger: {KEY!r} - quillgate sweep" in capsys.readouterr().out


@pytest.mark.parametrize("options", [{"since": "2h", "key": "k"}, {"version_id": "v1"}])
def test_options_that_do_not_go_together(options: dict[str, Any]) -> None:
    with pytest.raises(typer.BadParameter):
        redrive_command.redrive(**options)


def test_on_aws_the_person_is_the_identity() -> None:
    assert person(Place(environment="aws").deployment) == "arn:alice"
    assert person(Place().deployment) not in ("", "arn:alice")
