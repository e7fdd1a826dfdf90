"""What Transfer's events and log lines say, read as evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sftp_watchdog import evidence, requeue
from sftp_watchdog.errors import LogError, MessageError
from sftp_watchdog.events import NoUpload, Upload, read, records
from sftp_watchdog.evidence import Evidence
from sftp_watchdog.evidence_lines import evidence_since
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import SWEPT_LOG_UNTIL
from sftp_watchdog.routes import parse
from sftp_watchdog.shapes import in_utc
from sftp_watchdog.sweep_evidence import LogSweep
from sftp_watchdog.sweep_run import Order

from tests.unit.watchdog_fakes import FakeBucket, client_error
from tests.unit.whole_fakes import START, at

KEY = 'acme/in/q3 sales+é "x" 100%\n.csv'
# As the user guide shows it, events-detail-reference.
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "event-ID",
    "detail-type": "SFTP Server File Upload Completed",
    "source": "aws.transfer",
    "account": "123456789012",
    "time": "2026-11-23T09:00:03Z",
    "region": "us-east-1",
    "resources": ["arn:aws:transfer:us-east-1:123456789012:server/s-1234abcd5678efghi"],
    "detail": {
        "protocol": "SFTP",
        "bytes": 4097,
        "status-code": "COMPLETED",
        "server-id": "s-1234abcd5678efghi",
        "username": "acme",
        "session-id": "session-ID",
        "client-ip": "192.0.2.7",
        "file-path": f"/b/{KEY}",
        "etag": '"c0ffee"',
        "start-timestamp": "2026-11-23T09:00:01.987654321Z",
        "end-timestamp": "2026-11-23T09:00:03.000000001Z",
    },
}
COMPLETE = Evidence("complete", "b", KEY, at(1.987), at(3), 4097, "c0ffee")


def event(what: str = evidence.COMPLETED, **detail: Any) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in detail.items()}
    return EVENT | {"detail-type": what, "detail": EVENT["detail"] | named}


def test_reads_an_event_as_aws_sends_it() -> None:
    [record] = records(json.dumps(EVENT))
    assert read(record) == COMPLETE


def test_a_partial_upload_is_told_from_one_that_failed_otherwise() -> None:
    failed = event(evidence.FAILED, failure_code="PARTIAL_UPLOAD", status_code="FAILED")
    assert read(failed) == replace(COMPLETE, kind="partial", etag=None)
    assert isinstance(read(event(evidence.FAILED, failure_code="UNKNOWN_ERROR")), NoUpload)
    assert isinstance(read(event("SFTP Server File Delete Completed")), NoUpload)


def test_reads_a_rename() -> None:
    paths = {"original_file_path": "/b/x.filepart", "renamed_file_path": f"/b/{KEY}"}
    expected = Evidence("renamed", "b", KEY, at(1.987), at(3), renamed_from="x.filepart")
    assert read(event(evidence.RENAMED, **paths)) == expected
    elsewhere = paths | {"original_file_path": "/another/x.filepart"}
    assert isinstance(read(event(evidence.RENAMED, **elsewhere)), NoUpload)


@pytest.mark.parametrize(
    "wrong",
    [
        EVENT | {"source": "someone"},
        EVENT | {"detail": []},
        event(file_path="b/x"),
        event(file_path="/b"),
        event(file_path="/b/"),
        event(bytes="4097"),
        event(bytes=-1),
        event(etag=7),
        event(end_timestamp="yesterday"),
        event(start_timestamp=None),
        {"detail-type": evidence.COMPLETED, "detail": {}},
    ],
)
def test_a_wrong_event_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MessageError, match="no event of Transfer's"):
        read(wrong)


TIMES = st.floats(0, 1e6).map(at)
KEYS = st.text(min_size=1).filter(lambda key: key.isprintable())


@given(
    kind=st.sampled_from(["complete", "partial", "renamed"]),
    key=KEYS,
    times=st.tuples(TIMES, TIMES),
    size=st.integers(0, 2**63 - 1),
)
def test_what_is_queued_is_read_as_it_was(
    kind: Any, key: str, times: tuple[str, str], size: int
) -> None:
    given = Evidence(kind, "b", key, *times, size)
    if kind == "renamed":
        given = replace(given, size=None, renamed_from=f"{key}.filepart")
    sent: list[str] = []
    requeue.send(_queue(sent), "http://queue", [evidence.event(given)])
    assert [read(record) for record in records(sent[0])] == [given]


def _queue(sent: list[str]) -> Any:
    def send_message_batch(Entries: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        sent.extend(entry["MessageBody"] for entry in Entries)
        return {}

    return SimpleNamespace(send_message_batch=send_message_batch)


@given(begun=st.integers(0, 100), lasted=st.integers(0, 1000), stored=st.integers(-50, 1200))
def test_a_version_fits_that_was_stored_meanwhile(begun: int, lasted: int, stored: int) -> None:
    told = replace(COMPLETE, started=at(begun), ended=at(begun + lasted))
    upload = Upload("b", KEY, "v", 4097, "e", at(stored), "id")
    assert told.fits(upload) == (begun - 2 <= stored <= begun + lasted + 60)
    assert not told.fits(replace(upload, size=4096))


class FakeLogs:
    """One log group; a page for each line, a second apart, the first at `first`."""

    def __init__(
        self,
        *lines: dict[str, str] | str,
        failure: Exception | None = None,
        first: datetime = START,
    ) -> None:
        self.lines, self.failure = lines, failure
        self.first = int(first.timestamp() * 1000)
        self.begun: list[int] = []

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, **request: Any) -> Iterator[dict[str, Any]]:
        if self.failure:
            raise self.failure
        self.begun.append(request["startTime"])
        for second, line in enumerate(self.lines):
            text = line if isinstance(line, str) else json.dumps({"session-id": "1"} | line)
            stamp = self.first + 1000 * second
            if stamp >= request["startTime"]:
                yield {"events": [{"message": text, "timestamp": stamp}]}


def heard(*lines: dict[str, str] | str) -> list[Evidence]:
    return list(evidence_since(cast("Any", FakeLogs(*lines)), "group", START))


def line(kind: str, **fields: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return {"activity-type": kind, "path": f"/b/{KEY}"} | named


def test_lines_say_what_completed_and_what_broke_off() -> None:
    complete = Evidence("complete", "b", KEY, at(1), at(2), 4097)
    assert heard(line("CONNECTED"), line("OPEN"), line("CLOSE", bytes_in="4097")) == [complete]
    partial = Evidence("partial", "b", KEY, at(0), at(1), 0)
    assert heard(line("OPEN"), line("PARTIAL_CLOSE", bytes_in="0")) == [partial]


def test_a_file_opened_before_the_first_line_may_have_been_sent_for_days() -> None:
    """S3 dates it to the beginning of the sending."""
    [told] = heard(line("OTHER"), line("CLOSE", bytes_in="7"))
    days = 24 * 60 * 60
    upload = Upload("b", KEY, "v", 7, "e", at(-6 * days), "id")
    assert told.fits(upload)
    assert not told.fits(replace(upload, uploaded_at=at(-8 * days)))


def test_sessions_are_told_apart() -> None:
    other = line("OPEN", session_id="2")
    assert heard(line("OPEN"), other, line("CLOSE", bytes_in="7"))[0].started == at(0)


def test_a_line_tells_of_a_rename() -> None:
    renamed = Evidence("renamed", "b", "new", at(0), at(0), renamed_from=KEY)
    assert heard(line("RENAME", new_path="/b/new")) == [renamed]
    assert heard(line("RENAME", new_path="/another/new")) == []


@pytest.mark.parametrize(
    "other",
    [
        line("CLOSE", bytes_out="7"),
        line("CLOSE", bytes_in="many"),
        line("CLOSE", bytes_in="7", path="b"),
        line("DELETE"),
        "no JSON",
        "[7]",
        "[" * 100_000,
    ],
)
def test_other_lines_are_passed_over(other: dict[str, str] | str) -> None:
    assert heard(other) == []


def test_a_log_that_cannot_be_read_is_named() -> None:
    logs = cast("Any", FakeLogs(failure=client_error(400)))
    with pytest.raises(LogError, match="'group'"):
        list(evidence_since(logs, "group", datetime.now(UTC)))


class LogDesk:
    """A sweep of the log, on fakes; gives what it queued."""

    def __init__(self, *lines: dict[str, str]) -> None:
        self.logs, self.sent = FakeLogs(*lines), list[str]()
        self.now = START
        self.ledger = Ledger(cast("Any", FakeBucket()), "l", lambda: self.now)

    def run(self, complete: str = "close", **order: Any) -> list[tuple[str, str]]:
        self.sent.clear()
        route = f"[[route]]\nproject='p'\ndirectory='acme/in'\nstories='o'\ncomplete='{complete}'"
        logs = cast("Any", self.logs)
        swept = LogSweep(logs, "group", self.ledger, _queue(self.sent), "http://queue")
        count = swept.run(parse(route), Order(**order))
        found = [read(record) for body in self.sent for record in records(body)]
        assert len(found) == count
        return [(each.kind, each.key) for each in found if isinstance(each, Evidence)]


def test_the_sweep_queues_of_the_log_what_can_change_an_outcome() -> None:
    temporary = "/b/acme/in/a.filepart"
    desk = LogDesk(
        line("PARTIAL_CLOSE", bytes_in="7", path="/b/x"),
        line("PARTIAL_CLOSE", bytes_in="7", path=temporary),
        line("CLOSE", bytes_in="7", path=temporary),
        line("CLOSE", bytes_in="7"),
        line("RENAME", path=temporary, new_path=f"/b/{KEY}"),
    )
    fragment = ("partial", "x")
    assert desk.run("close") == [fragment]
    whole = [("complete", "acme/in/a.filepart"), ("complete", KEY), ("renamed", KEY)]
    assert desk.run("proof") == [fragment, *whole]


def test_the_sweep_reads_the_log_from_where_it_was() -> None:
    desk = LogDesk()
    desk.run()
    desk.now += timedelta(hours=5)
    desk.run()
    desk.run(everything=True)
    begun = [datetime.fromtimestamp(each / 1000, UTC) for each in desk.logs.begun]
    to_see_it_opened = timedelta(hours=1)
    assert [each + to_see_it_opened for each in begun] == [
        START - timedelta(days=1),
        START - timedelta(minutes=10),
        desk.now - timedelta(days=14),
    ]


def test_the_sweep_queues_again_only_what_may_have_come_late() -> None:
    desk = LogDesk(line("PARTIAL_CLOSE", bytes_in="7"))
    found = []
    for _ in range(3):
        found.append(desk.run())
        desk.now += timedelta(minutes=11)
    assert found == [[("partial", KEY)], [("partial", KEY)], []]
    assert desk.run(everything=True) == [("partial", KEY)]


def test_a_sweep_without_time_goes_on_there() -> None:
    desk = LogDesk(*(line("PARTIAL_CLOSE", bytes_in=size) for size in "78"))
    desk.now += timedelta(hours=2)
    assert len(desk.run(seconds_left=lambda: 0)) == 1
    assert desk.ledger.text(SWEPT_LOG_UNTIL) == in_utc(START + timedelta(minutes=10))
    assert len(desk.run()) == 2
    assert desk.ledger.text(SWEPT_LOG_UNTIL) == in_utc(desk.now)


def test_lines_from_before_are_passed_over_whatever_time_is_left() -> None:
    desk = LogDesk(line("OPEN"), line("CLOSE", bytes_in="7", path="/b/acme/in/a.filepart"))
    desk.now += timedelta(days=1, minutes=30)
    assert desk.run(seconds_left=lambda: 0) == []
    assert desk.ledger.text(SWEPT_LOG_UNTIL) == in_utc(desk.now)


def test_sweeps_with_little_time_get_through_a_full_hour_of_lines() -> None:
    desk = LogDesk()
    lines = [line("PARTIAL_CLOSE", bytes_in="7", path=f"/b/{number}") for number in range(4)]
    desk.logs = FakeLogs(*lines, first=START - timedelta(hours=5))
    read: set[tuple[str, str]] = set()
    for _ in range(4):
        seconds = iter([1])
        read.update(desk.run(seconds_left=lambda left=seconds: next(left, 0)))
    assert read == {("partial", str(number)) for number in range(4)}
