from __future__ import annotations

from datetime import datetime

import pytest
from sftp_watchdog.ledger_names import Ref

from quillgate.audit import Audit
from quillgate.sweep_done import Marking, mark_done
from tests.unit.sweep_fakes import World

KEY = "acme/incoming/q3 sales+é%.csv"
ANN = "arn:aws:iam::123456789012:user/ann"


@pytest.fixture
def world() -> World:
    return World()


def mark(world: World, before: datetime, *, only: str = "", dry_run: bool = False) -> list[str]:
    return sorted(mark_done(world.tools(), Marking(before, only, dry_run), trail(world)))


def trail(world: World) -> Audit:
    return Audit(world.ledger, ANN)


def test_what_was_moved_here_is_never_told_and_what_is_new_is(world: World) -> None:
    moved = world.store(KEY, hours=2)
    world.store("acme/outgoing/q3.csv", hours=2)
    new = world.store("acme/incoming/new.csv", hours=0)
    before = world.clock.ago(hours=1)
    assert mark(world, before, dry_run=True) == [KEY]
    assert mark(world, before, only="zoe/") == []
    assert mark(world, before) == [KEY]
    assert mark(world, before) == [], "a second run finds nothing"
    held = world.ledger.find(Ref.of(KEY, moved.upload_id))
    assert held is not None
    assert held.entry.outcome == "done"
    assert held.entry.reason == f"told before: marked by {ANN}"
    world.sweep()
    assert world.queue.taken() == [new]


def test_what_has_an_entry_keeps_it(world: World) -> None:
    for outcome in ("waiting", "telling", "rejected"):
        world.settle(world.store(f"acme/incoming/{outcome}.csv"), outcome)
    before = dict(world.bucket.objects)
    assert mark(world, world.clock.ago(hours=-1)) == []
    assert world.bucket.objects.items() >= before.items()


def test_a_run_that_was_interrupted_is_gone_on_with(world: World) -> None:
    keys = [f"acme/inbox/{number}" for number in range(20)]
    for key in keys:
        world.store(key, hours=1)
    marking = Marking(world.clock.now, "", dry_run=False)
    first = next(mark_done(world.tools(), marking, trail(world)))
    assert first in keys
    mark(world, world.clock.now)
    assert world.swept() == []


def test_it_is_on_record_before_the_first_is_marked_and_after_the_last(world: World) -> None:
    for number in range(120):
        world.store(f"acme/inbox/{number:03}", hours=1)
    marking = Marking(world.clock.now, "acme/", dry_run=False)
    running = mark_done(world.tools(), marking, trail(world))
    next(running)
    [begun] = trail(world).newest().changes
    assert (begun.what, begun.about, begun.who) == ("mark done", "acme/", ANN)
    assert begun.result == "begun"
    list(running)
    [done] = trail(world).newest().changes
    assert done.result == "done"
    assert done.after
    assert (done.after["marked"], len(done.after["files"])) == (120, 100)
    assert done.after["stored before"] == world.ledger.now()


def test_a_look_leaves_nothing_on_record(world: World) -> None:
    world.store(KEY, hours=1)
    assert mark(world, world.clock.now, dry_run=True) == [KEY]
    assert trail(world).newest().changes == ()
