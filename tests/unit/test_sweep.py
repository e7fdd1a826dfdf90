from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sftp_watchdog.entry import SETTLED, Entry
from sftp_watchdog.errors import BucketError, NoRoutesError
from sftp_watchdog.events import Upload, read, records
from sftp_watchdog.ledger_names import Ref, attention
from sftp_watchdog.sweep_run import Order

from tests.unit.sweep_fakes import ROUTES, World
from tests.unit.watchdog_fakes import client_error

KEY = "acme/incoming/q3 sales+é%.csv"
ROUTED = (KEY, "acme/incoming/eu/b.csv", "acme/inbox/c", "zoe/inbox/d\n'", "zoe/inbox/a\1b")
UNROUTED = ("acme/incoming/x.txt", "acme/outgoing/q3.csv", "acme/incoming/a.csv.filepart", "e.csv")


@pytest.fixture
def world() -> World:
    return World()


def test_an_upload_nobody_knows_of_is_put_back_as_s3_would_have_told_it(world: World) -> None:
    upload = world.store(KEY, minutes=1)
    counts = world.sweep()
    assert (counts.swept, counts.looked_at, counts.is_complete) == (1, 1, True)
    assert world.queue.taken() == [upload]
    [case] = world.said
    assert case.reason == "not in the ledger"


def test_what_has_its_outcome_is_let_be_and_a_second_sweep_finds_nothing(world: World) -> None:
    for number, outcome in enumerate(SETTLED):
        world.settle(world.store(f"acme/incoming/{number}.csv"), outcome)
    lost = world.store(KEY)
    assert world.swept() == [KEY]
    world.settle(lost)
    assert world.swept() == []


def test_every_version_is_an_upload(world: World) -> None:
    told, lost = world.store(KEY), world.store(KEY)
    world.settle(told)
    world.sweep()
    assert world.queue.taken() == [lost]


def test_an_object_without_versions_is_known_by_its_bytes(world: World) -> None:
    listed = world.uploads.store(KEY, world.clock.now, version_id=None)
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": listed.uploaded_at,
        "s3": {
            "bucket": {"name": listed.bucket},
            "object": {"key": KEY.replace("%", "%25").replace("+", "%2B"), "size": 7, "eTag": "e"},
        },
    }
    record["s3"]["object"]["sequencer"] = "0055AED6DCD90281E5"  # type: ignore[index]
    told = read(record)
    assert isinstance(told, Upload)
    assert (told.key, told.upload_id == listed.upload_id) == (KEY, False)
    world.settle(told)
    assert world.swept() == []


def test_only_routed_folders_are_listed(world: World) -> None:
    for key in (*ROUTED, *UNROUTED):
        world.store(key)
    assert world.swept() == sorted(ROUTED)
    roots = {listed for listed in world.uploads.listed if listed.endswith("/")}
    assert roots == {"acme/inbox/", "acme/incoming/", "zoe/inbox/"}


def test_younger_than_the_grace_is_let_be(world: World) -> None:
    world.store("acme/incoming/old.csv", seconds=901)
    world.store("acme/incoming/new.csv", seconds=899)
    assert world.swept(Order(grace_seconds=900)) == ["acme/incoming/old.csv"]
    world.clock.now += timedelta(seconds=900)
    assert "acme/incoming/new.csv" in world.swept(Order(grace_seconds=900))


@pytest.mark.parametrize(
    ("outcome", "overdue", "swept"),
    [("retrying", 1621, 1), ("retrying", 1619, 0), ("telling", 1, 1), ("telling", -1, 0)],
)
def test_what_was_on_the_queue_is_put_back_when_its_try_is_long_overdue(
    world: World, outcome: str, overdue: int, swept: int
) -> None:
    """The queue may bring it back by itself for 720 s (visibility) and 900 s (longest wait)."""
    upload = world.store(KEY)
    world.settle(upload, "retrying", due=world.ledger.later(-overdue))
    if outcome == "telling":
        world.ledger.claim(upload, None, -overdue)
    counts = world.sweep()
    assert (counts.swept, counts.long_waiting, len(world.queue.taken())) == (swept,) * 3


def test_after_the_queues_were_lost_everything_without_outcome_is_put_back(world: World) -> None:
    due = world.ledger.later(100)
    for outcome in ("retrying", "dead", "waiting", *SETTLED):
        world.settle(world.store(f"acme/incoming/{outcome}.csv"), outcome, due=due)
    world.ledger.claim(world.store("acme/incoming/telling.csv"), None, 100)
    names = ("dead", "retrying", "telling", "waiting")
    assert world.swept() == ["acme/incoming/waiting.csv"]
    assert world.swept(Order(everything=True)) == [f"acme/incoming/{name}.csv" for name in names]


def test_what_waits_is_judged_again_and_counted_when_it_is_long(world: World) -> None:
    world.settle(world.store("acme/incoming/long.csv", minutes=61), "waiting")
    world.settle(world.store("acme/incoming/short.csv", minutes=59), "waiting")
    world.settle(world.store("acme/incoming/dead.csv"), "dead")
    counts = world.sweep()
    assert (counts.swept, counts.judged_again, counts.long_waiting) == (0, 2, 2)
    assert len(world.queue.taken()) == 2


def test_what_no_route_took_is_judged_again_once_one_does(world: World) -> None:
    key = "acme/later/a.csv"
    upload = world.store(key, days=30)
    world.settle(upload, "unrouted")
    assert world.swept() == []
    world.uploads.config = ROUTES.replace("acme/incoming", "acme/later")
    counts = world.sweep()
    assert (counts.swept, counts.judged_again) == (0, 1)
    assert world.queue.taken() == [upload]
    world.settle(upload)
    assert world.swept() == []


def test_a_list_that_a_dying_worker_left_is_put_in_order(world: World) -> None:
    upload = world.store(KEY)
    world.settle(upload, "waiting")
    name = Ref.of(KEY, upload.upload_id).listed(upload.uploaded_at)
    world.settle(upload)
    world.bucket.objects[attention("waiting") + name] = b""
    world.bucket.objects[attention("unrouted") + name] = b""
    assert world.swept(Order(dry_run=True)) == []
    assert attention("waiting") + name in world.bucket.objects
    assert world.swept() == []
    assert not [each for each in world.bucket.objects if each.startswith("attention/")]


def test_a_dry_run_changes_nothing(world: World) -> None:
    world.store(KEY)
    world.sweep()
    world.queue.taken()
    before = dict(world.bucket.objects)
    counts = world.sweep(Order(dry_run=True))
    assert counts.swept == len(world.said) - 1 == 1
    assert world.queue.taken() == []
    assert world.bucket.objects == before


def test_only_what_begins_so(world: World) -> None:
    for name in ("a", "b"):
        world.store(f"acme/incoming/{name}/1.csv")
        world.settle(world.store(f"acme/incoming/{name}/2.csv"), "waiting")
    only = Order(only="acme/incoming/a")
    assert world.swept(only) == ["acme/incoming/a/1.csv", "acme/incoming/a/2.csv"]
    assert world.swept(Order(only="acme/incoming/b/2.csv")) == ["acme/incoming/b/2.csv"]
    assert world.swept(Order(only="acme/outgoing/")) == []


def test_a_run_that_had_to_stop_is_gone_on_with(world: World) -> None:
    keys = [f"acme/inbox/{number:02}" for number in range(10)]
    for key in keys:
        world.store(key)
    order = Order(pages=3, resume=True)
    is_complete = [world.sweep(order).is_complete for _ in range(3)]
    assert is_complete == [False, False, True]
    assert [upload.key for upload in world.queue.taken()] == keys
    assert world.swept(Order(resume=True)) == keys, "a new pass: none of them has its outcome yet"


def test_out_of_time_a_run_stops_and_what_it_could_not_read_is_asked_for(world: World) -> None:
    for number in range(10):
        world.settle(world.store(f"acme/inbox/{number}"))
    left = iter([10.0, 10.0, 4.0, 4.0])
    order = Order(resume=True, seconds_left=lambda: next(left, 0.0))
    assert not world.sweep(order).is_complete
    assert world.sweep(Order(resume=True)).is_complete
    assert world.queue.taken() == []


def test_broken_routes_are_reported_and_the_last_good_ones_gone_by(world: World) -> None:
    world.store(KEY)
    world.sweep()
    world.queue.taken()
    world.uploads.config = "[[route]"
    assert world.swept() == [KEY]
    assert world.reports == ["the last good routes stay in force"]


def test_what_can_neither_be_listed_nor_read_keeps_no_other_from_being_found(world: World) -> None:
    """The function may read no customer's file, which ministack wants for such a name."""
    world.store("acme/inbox/a\1b")
    world.store("acme/inbox/c")
    world.uploads.head_failure = client_error(403)
    assert world.sweep().passed_over == 1
    assert [upload.key for upload in world.queue.taken()] == ["acme/inbox/c"]
    world.uploads.head_failure = client_error(503)
    with pytest.raises(BucketError):
        world.sweep()


@pytest.mark.parametrize("config", [None, "[[route]"])
def test_without_routes_nothing_is_put_back(world: World, config: str | None) -> None:
    world.store(KEY)
    world.settle(world.store(KEY), "waiting")
    world.uploads.config = config
    with pytest.raises(NoRoutesError, match=r"watchdog\.config"):
        world.sweep()
    assert world.queue.taken() == []


def test_a_bucket_that_cannot_be_listed_is_an_error(world: World) -> None:
    world.sweep()
    world.uploads.failure = client_error(403)
    world.uploads.get_object = type(world.uploads)().get_object  # type: ignore[method-assign]
    with pytest.raises(BucketError, match="bucket cannot be listed: 'bucket-1'"):
        world.sweep()


# Any losses.

OUTCOMES = ("none", "telling", "retrying", "dead", "waiting", "unrouted", *SETTLED)


@st.composite
def uploads(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "key": draw(st.sampled_from(ROUTED + UNROUTED)),
        "outcome": draw(st.sampled_from(OUTCOMES)),
        "overdue": draw(st.sampled_from([-100, 100, 100_000])),
        "listed": draw(st.integers(0, 3)),
        "was": draw(st.sampled_from(["", "waiting", "retrying", "unrouted"])),
    }


def arrange(world: World, case: dict[str, Any]) -> tuple[Upload, Entry | None]:
    """Store an upload and its entry, of whose lists a dying worker wrote only the first few."""
    upload = world.uploads.store(case["key"], world.clock.ago(hours=1))
    if case["outcome"] == "none":
        return upload, None
    held = world.ledger.claim(upload, None, 0)
    due = world.ledger.later(-case["overdue"])
    world.ledger._replace(held, entry := held.entry.moved(due, case["outcome"], "r", due=due))
    before = len(world.bucket.puts)
    if case["outcome"] != "telling":
        world.ledger.list_entry(entry)
        for name in world.bucket.puts[before:][case["listed"] :]:
            del world.bucket.objects[name]
    if case["was"]:
        ref = Ref.of(upload.key, upload.upload_id)
        world.bucket.objects[attention(case["was"]) + ref.listed(upload.uploaded_at)] = b""
    return upload, entry


def is_lost(case: dict[str, Any]) -> bool:
    routed, outcome = case["key"] in ROUTED, case["outcome"]
    if outcome in ("none", "unrouted"):
        return routed
    known = routed or case["was"] in ("waiting", "retrying")
    if outcome == "telling":
        return known and case["overdue"] > 0
    listed = known or case["listed"] > 0
    lost = outcome == "waiting" or (outcome == "retrying" and case["overdue"] > 1620)
    return bool(listed and lost)


# More versions of one name than a page has, beside a name that cannot be listed.
MANY = [
    {"key": key, "outcome": "none", "overdue": 0, "listed": 0, "was": ""}
    for key in ["zoe/inbox/d\n'"] * 4 + ["zoe/inbox/a\1b"]
]


@settings(max_examples=60, deadline=None)
@given(st.lists(uploads(), max_size=8))
@example(MANY)
def test_whatever_was_lost_is_put_back_once_and_nothing_else(cases: list[dict[str, Any]]) -> None:
    # A name that the engine cannot list has one version it can give.
    world = World()
    cases = [
        case
        for number, case in enumerate(cases)
        if "\1" not in case["key"] or case["key"] not in [it["key"] for it in cases[:number]]
    ]
    arranged = [(arrange(world, case), case) for case in cases]
    expected = [upload for (upload, _), case in arranged if is_lost(case)]
    world.sweep()
    taken = world.queue.taken()
    assert sorted(it.upload_id for it in taken) == sorted(it.upload_id for it in expected)
    for upload in taken:
        assert upload == next(it for it in expected if it.upload_id == upload.upload_id)
        if not world.ledger.find(Ref.of(upload.key, upload.upload_id)):
            world.settle(upload)
    for (upload, entry), case in arranged:
        if entry and upload.key in ROUTED and case["outcome"] in SETTLED:
            assert upload.upload_id in {ref.upload_id for ref in world.ledger.since("")}


# Sweeps over weeks: what each looks at is bounded, what all of them find is not.

STEPS = st.one_of(
    st.tuples(st.just("upload"), st.integers(0, 7), st.booleans()),
    st.tuples(st.just("sweep"), st.sampled_from([1.0, 2.0, inf]), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 10), st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14), st.booleans())
def test_over_weeks_nothing_is_forgotten(steps: list[Any], has_grace: bool) -> None:
    """Some events are lost, some messages are put back and purged; parts take days to arrive."""
    world, lost, grace = World(2), set[str](), 900.0 if has_grace else 0.0
    for number, (what, amount, luck) in enumerate(steps):
        if what == "upload":
            upload = world.store(f"acme/inbox/{amount}{number}", days=amount)
            world.settle(upload) if luck else lost.add(upload.key)
        elif what == "wait":
            world.clock.now += timedelta(days=amount)
        else:
            world.sweep(Order(grace, resume=True, pages=amount))
            for upload in world.queue.taken() if luck else ():
                world.settle(upload)
                lost.discard(upload.key)
            world.queue.bodies.clear()
    world.clock.now += timedelta(seconds=grace)
    # The pass under way, and one from the beginning.
    found = {upload for _ in range(2) for upload in world.swept(Order(grace, resume=True))}
    assert found == lost


def test_what_is_settled_is_not_read_again(world: World) -> None:
    for days in (40, 20, 5):
        world.settle(world.store(f"acme/inbox/{days}", days=days))
    assert world.sweep().looked_at == 3
    assert world.sweep().looked_at == 1
    assert world.sweep(Order(everything=True)).looked_at == 3
    world.uploads.config = ROUTES + "\n# another line\n"
    assert world.sweep().looked_at == 1
    world.uploads.config = ROUTES.replace("*.csv", "*")
    assert world.sweep().looked_at == 3


def test_records_are_told_apart(world: World) -> None:
    for number in range(25):
        world.store(f"acme/inbox/{number}")
    assert world.sweep().swept == 25
    assert len({str(records(body)) for body in world.queue.bodies}) == 25


def test_an_upload_whose_entry_had_to_be_deleted_is_found_again() -> None:
    world = World()
    upload = world.store("acme/incoming/a.csv", days=30)
    world.settle(upload, "retrying")
    world.swept()
    for name in [each for each in world.bucket.objects if upload.upload_id in each]:
        world.bucket.delete_object(Key=name)
    assert world.swept(Order(everything=True)) == [upload.key]
