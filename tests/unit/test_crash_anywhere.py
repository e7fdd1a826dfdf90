"""A worker that dies between any two calls loses nothing: the next one finishes what it began."""

from __future__ import annotations

import copy
import io
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sftp_watchdog.entry import ATTENTION, Entry
from sftp_watchdog.errors import NoReceiptError
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import Ref
from sftp_watchdog.quill import Notification, Receipt, Rejection
from sftp_watchdog.watchdog import Watchdog

from tests.unit.hostile_events import GOOD
from tests.unit.watchdog_fakes import FakeBucket, FakeContext, FakeQuill, FakeS3, FakeSqs
from tests.unit.watchdog_on_fakes import watchdog_on

KEY, STORY = "acme/incoming/a.csv", "acme/outgoing/a.csv.story.txt"
UNROUTED = "elsewhere/a.csv"
# As long as Lambda lets an invocation last; a message is hidden for longer.
HOLD = timedelta(seconds=60)
# More than a worker makes for one event.
MOST_CALLS = 18


class Killed(BaseException):
    """Not even `except Exception` sees a worker's death."""


@dataclass
class Life:
    """Ends when so many calls are made."""

    calls: int

    def lived(self, part: object) -> Any:
        return Mortal(part, self)

    def spend(self) -> None:
        self.calls -= 1
        if self.calls <= 0:
            raise Killed


@dataclass
class Mortal:
    """Something called by a worker: the call that is one too many is done, but never returns."""

    part: object
    life: Life

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            try:
                return getattr(self.part, name)(*args, **named)
            finally:
                self.life.spend()

        return call


class Moody(FakeQuill):
    """Fails `failures` times, then says `answer`."""

    def __init__(self, failures: int, answer: Rejection | None) -> None:
        super().__init__()
        self.failures, self.answer = failures, answer

    def tell(self, notification: Notification) -> Receipt | Rejection:  # type: ignore[override]
        receipt = super().tell(notification)
        self.failures -= 1
        if self.failures >= 0:
            raise NoReceiptError("Quill is away - told again later")
        return self.answer or receipt


@dataclass
class World:
    """What outlives a worker."""

    quill: Moody
    s3: FakeS3 = field(default_factory=FakeS3)
    bucket: FakeBucket = field(default_factory=FakeBucket)
    sqs: FakeSqs = field(default_factory=FakeSqs)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def ledger(self, life: Life) -> Ledger:
        return Ledger(life.lived(self.bucket), "ledger-1", lambda: self.now)

    def work(self, key: str, calls: int) -> bool:
        """Whether a new worker, that dies after so many calls, is done with the event of `key`."""
        try:
            answer = self._worker(Life(calls)).handle(event(key), cast("Any", FakeContext()))
        except Killed:
            return False
        finally:
            self.now += HOLD
        return not answer["batchItemFailures"]

    def _worker(self, life: Life) -> Watchdog:
        s3, quill, sqs = map(life.lived, (self.s3, self.quill, self.sqs))
        return watchdog_on(s3, self.ledger(life), quill, sqs, io.StringIO())

    def entry_of(self, key: str) -> Entry:
        [entry] = self.ledger(Life(1_000)).of_key(key)
        return entry

    def deliver(self, key: str, *calls: int) -> int:
        """Have the event worked on until it is done, first by workers that die; gives their number.

        Like the queue, that hands a message out again until it is deleted.
        """
        for number, each in enumerate((*calls, *[1_000] * 5), start=1):
            if self.work(key, each):
                return number
        raise AssertionError(f"never done: {key!r}")


def event(key: str) -> dict[str, Any]:
    record = copy.deepcopy(GOOD)
    record["s3"]["object"]["key"] = key
    message = {"messageId": "m1", "receiptHandle": "r1", "body": json.dumps({"Records": [record]})}
    counted = {"attributes": {"ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs"}
    return {"Records": [message | counted]}


def listed(world: World, entry: Entry) -> dict[str, bool]:
    """Whether the entry is where it can be found."""
    ledger, ref = world.ledger(Life(1_000)), Ref.of(entry.key, entry.upload_id)
    return {
        "day": ref in ledger.of_day(entry.uploaded_at[:10]),
        "user": ref in ledger.of_user(entry.uploaded_by),
        "attention": entry.outcome not in ATTENTION
        or ref in ledger.needing_attention(entry.outcome),
    }


def test_unrouted_is_listed_whichever_worker_dies() -> None:
    for calls in range(1, MOST_CALLS):
        world = World(Moody(0, None))
        world.deliver(UNROUTED, calls)
        assert_listed(world, world.entry_of(UNROUTED))


def test_a_story_before_the_event_comes_again_changes_no_list() -> None:
    for calls in range(1, MOST_CALLS):
        world = World(Moody(0, None))
        world.work(KEY, calls)
        world.deliver(STORY)
        world.deliver(KEY)
        assert_told_and_listed(world, "accepted")


@pytest.mark.parametrize("failures", [0, 1])
@pytest.mark.parametrize("answer", [None, Rejection("no table")])
def test_a_worker_may_die_anywhere(failures: int, answer: Rejection | None) -> None:
    for calls in range(1, MOST_CALLS):
        world = World(Moody(failures, answer))
        world.deliver(KEY, calls)
        assert_told_and_listed(world, "rejected" if answer else "accepted")


def test_two_workers_may_die_anywhere() -> None:
    for deaths in itertools.product(range(1, MOST_CALLS), repeat=2):
        world = World(Moody(0, None))
        world.deliver(KEY, *deaths)
        assert_told_and_listed(world, "accepted")


def assert_told_and_listed(world: World, outcome: str) -> None:
    entry = world.entry_of(KEY)
    assert entry.outcome == outcome
    assert {each["id"] for each in world.quill.told} == {entry.upload_id}
    assert_listed(world, entry)


def assert_listed(world: World, entry: Entry) -> None:
    ledger, ref = world.ledger(Life(1_000)), Ref.of(entry.key, entry.upload_id)
    assert ref in ledger.of_day(entry.uploaded_at[:10])
    assert ref in ledger.of_user(entry.uploaded_by)
    if entry.outcome in ATTENTION:
        assert ref in ledger.needing_attention(entry.outcome)


def test_no_worker_makes_more_calls_than_were_tried() -> None:
    world = World(Moody(1, None))
    assert world.deliver(KEY, MOST_CALLS - 1, MOST_CALLS - 1) == 2
    assert not World(Moody(0, None)).work(KEY, 5)


def test_a_story_is_noted_whichever_worker_dies() -> None:
    for calls in range(1, MOST_CALLS):
        world = World(Moody(0, None))
        world.deliver(KEY)
        world.deliver(STORY, calls)
        entry = world.entry_of(KEY)
        assert (entry.outcome, entry.story_key) == ("accepted", STORY)
        assert [step.what for step in entry.history] == ["accepted", "story"]


def test_an_event_that_comes_again_after_a_death_is_no_call_to_quill() -> None:
    for calls in range(1, MOST_CALLS):
        world = World(Moody(0, None))
        world.deliver(KEY, calls)
        told = len(world.quill.told)
        world.deliver(KEY)
        assert len(world.quill.told) == told
