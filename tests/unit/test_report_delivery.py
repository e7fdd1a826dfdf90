from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NoReturn

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from emulator.files.activity import Record
from emulator.reports.batches import Limit, batches
from emulator.reports.delivery import Delivery
from emulator.reports.event_bus import EventBus
from emulator.reports.log_groups import LogGroups
from emulator.reports.losses import Losses
from tests.unit.report_fakes import SERVER_ARN, SESSION, FakeEvents, FakeLogs, record

GROUP = "/aws/vendedlogs/transfer/x"
STREAM = f"acme.{SESSION}"


class Target:
    """Keeps what it gets; waits for `gate` first."""

    def __init__(self) -> None:
        self.batches: list[list[Record]] = []
        self.gate = threading.Event()
        self.is_asked = threading.Event()

    def deliver(self, records: Sequence[Record]) -> None:
        self.is_asked.set()
        assert self.gate.wait(5)
        self.batches.append(list(records))


def test_what_happens_together_leaves_together_in_order_of_time() -> None:
    target = Target()
    target.gate.set()
    with Delivery([target.deliver], Losses(), linger_seconds=5) as delivery:
        for number in (2, 0, 1):
            delivery.put(record(number))
    assert target.batches == [[record(0), record(1), record(2)]]


def test_a_slow_target_makes_nobody_wait_and_its_overflow_is_lost_once_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    target, losses = Target(), Losses()
    with Delivery([target.deliver], losses, capacity=3, linger_seconds=0) as delivery:
        delivery.put(record(0))
        assert target.is_asked.wait(5)
        for number in range(1, 6):
            delivery.put(record(number))
        target.gate.set()
    assert [each for batch in target.batches for each in batch] == [record(n) for n in range(4)]
    assert losses.count == 2
    assert caplog.text.count("'queue'") == 1
    assert "lost in all: '2'" in caplog.text


def test_the_end_waits_only_so_long(caplog: pytest.LogCaptureFixture) -> None:
    target, losses = Target(), Losses()
    with Delivery([target.deliver], losses, linger_seconds=0, flush_seconds=0.01) as delivery:
        delivery.put(record(0))
        assert target.is_asked.wait(5)
        delivery.put(record(1))
    assert losses.count == 1
    assert "'flush'" in caplog.text
    target.gate.set()


def test_a_target_that_breaks_does_not_take_the_other_with_it() -> None:
    def broken(_: Sequence[Record]) -> None:
        raise ZeroDivisionError

    target, losses = Target(), Losses()
    target.gate.set()
    with Delivery([broken, target.deliver], losses) as delivery:
        delivery.put(record(0))
    assert target.batches == [[record(0)]]
    assert losses.count == 1


def test_after_the_end_nothing_is_kept() -> None:
    losses = Losses()
    with Delivery([], losses) as delivery:
        pass
    delivery.put(record())
    assert losses.count == 1


@given(st.lists(st.integers(0, 12)), st.integers(1, 4), st.integers(1, 20))
def test_batches_keep_order_and_limits(sizes: list[int], items: int, size: int) -> None:
    cut = list(batches(sizes, Limit(items=items, bytes=size, size=lambda each: each)))
    assert [each for batch in cut for each in batch] == sizes
    assert all(1 <= len(batch) <= items for batch in cut)
    assert all(sum(batch) <= size or len(batch) == 1 for batch in cut)


def test_limits_are_those_of_aws() -> None:
    logs, losses = FakeLogs(GROUP), Losses()
    LogGroups(lambda: logs.client, lambda _: GROUP, losses).deliver([record()] * 10_001)
    assert logs.calls == ["create_log_stream", "put_log_events", "put_log_events"]
    long_names = [record(path="é" * 65_000)] * 9
    LogGroups(lambda: logs.client, lambda _: GROUP, losses).deliver(long_names)
    assert logs.calls[3:] == ["create_log_stream", "put_log_events", "put_log_events"]

    events = FakeEvents()
    bus = EventBus(lambda: events.client, "x", losses)
    bus.deliver([record(kind="MKDIR", path="p")] * 11)
    bus.deliver([record(kind="MKDIR", path="é" * 66_000)] * 2)
    assert [len(batch) for batch in events.batches] == [10, 1, 1, 1]
    assert losses.count == 0


def test_each_session_has_its_stream_in_its_servers_group() -> None:
    logs = FakeLogs(GROUP)
    groups = LogGroups(lambda: logs.client, {SERVER_ARN: GROUP}.get, Losses())
    groups.deliver([record(1), record(2, kind="AUTH_FAILURE"), record(3, user="bob"), record(4)])
    streams = logs.groups[GROUP]
    assert sorted(streams) == ["ERRORS", STREAM, f"bob.{SESSION}"]
    assert [each["timestamp"] for each in streams[STREAM]] == [1000, 4000]


def test_a_server_without_destination_sends_nothing() -> None:
    logs = FakeLogs()
    LogGroups(lambda: logs.client, lambda _: None, Losses()).deliver([record()])
    assert logs.calls == []


def test_a_changed_destination_is_heeded() -> None:
    logs, destination = FakeLogs("old", "new"), {SERVER_ARN: "old"}
    groups = LogGroups(lambda: logs.client, destination.get, Losses())
    groups.deliver([record(1)])
    destination[SERVER_ARN] = "new"
    groups.deliver([record(2)])
    assert [len(logs.groups[name][STREAM]) for name in ("old", "new")] == [1, 1]


def test_a_deleted_group_is_said_once_and_used_again_when_made_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logs, losses = FakeLogs(GROUP), Losses()
    groups = LogGroups(lambda: logs.client, lambda _: GROUP, losses)
    groups.deliver([record(1)])
    del logs.groups[GROUP]
    for number in (2, 3):
        groups.deliver([record(number)])
    assert losses.count == 2
    assert caplog.text.count("reports lost") == 1
    logs.groups[GROUP] = {}
    groups.deliver([record(4)])
    assert len(logs.groups[GROUP][STREAM]) == 1
    del logs.groups[GROUP]
    groups.deliver([record(5)])
    assert caplog.text.count("reports lost") == 2


def test_a_group_made_anew_between_two_lines_is_no_loss() -> None:
    logs, losses = FakeLogs(GROUP), Losses()
    groups = LogGroups(lambda: logs.client, lambda _: GROUP, losses)
    groups.deliver([record(1)])
    logs.groups[GROUP] = {}
    groups.deliver([record(2)])
    assert len(logs.groups[GROUP][STREAM]) == 1
    assert losses.count == 0


def test_refused_events_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    events, losses = FakeEvents(refuse="NotAuthorizedForSourceException"), Losses()
    bus = EventBus(lambda: events.client, "aws.transfer", losses)
    for _ in range(2):
        bus.deliver([record(kind="MKDIR", path="p"), record(kind="CONNECTED")])
    assert losses.count == 2
    assert caplog.text.count("NotAuthorizedForSource") == 1


def test_an_engine_that_is_away_costs_reports_and_nothing_else() -> None:
    losses = Losses()

    def away() -> NoReturn:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    LogGroups(away, lambda _: GROUP, losses).deliver([record()])
    EventBus(away, "x", losses).deliver([record(kind="MKDIR", path="p")])
    assert losses.count == 2
