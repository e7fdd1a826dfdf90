from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sftp_watchdog.entry import Entry
from sftp_watchdog.errors import QueueError
from sftp_watchdog.events import Upload, read, records
from sftp_watchdog.requeue import record, send

from tests.unit.watchdog_fakes import client_error

UPLOAD = Upload("b", "acme/in/a.csv", "v1", 7, "e", "2026-11-23T09:00:00.000Z", "")


class FakeSqs:
    """Takes up to ten messages at once, but for those whose number is in `refused`, once."""

    def __init__(self, *refused: str) -> None:
        self.refused = list(refused)
        self.failure: Exception | None = None
        self.bodies: list[str] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        if self.failure:
            raise self.failure
        failed = [e for e in request["Entries"] if e["Id"] in self.refused]
        self.bodies += [e["MessageBody"] for e in request["Entries"] if e not in failed]
        if len(failed) < len(request["Entries"]):
            self.refused.clear()
        assert len(request["Entries"]) <= 10
        return {"Failed": [{"Id": e["Id"], "Message": "busy"} for e in failed]}


@given(key=st.text(min_size=1, max_size=40), ordered_by=st.none() | st.text(min_size=1))
def test_the_same_upload_is_read_from_it(key: str, ordered_by: str | None) -> None:
    first = read(record(replace(UPLOAD, key=key)))
    assert isinstance(first, Upload)
    entry = Entry.begun(first, None, "now", "due")
    [again] = records(json.dumps({"Records": [record(entry, ordered_by)]}))
    assert read(again) == replace(first, ordered_by=ordered_by)


def test_many_are_sent_and_what_is_refused_once_is_sent_again() -> None:
    sqs = FakeSqs("3", "4")
    many = [record(replace(UPLOAD, key=f"k{number}")) for number in range(25)]
    assert send(cast("Any", sqs), "http://queue", many) == 25
    assert len(set(sqs.bodies)) == 25


@pytest.mark.parametrize("sqs", [FakeSqs(*map(str, range(10))), FakeSqs()])
def test_a_queue_that_takes_nothing_is_an_error(sqs: FakeSqs) -> None:
    if not sqs.refused:
        sqs.failure = client_error(403)
    with pytest.raises(QueueError, match="queue takes no uploads: 'http://queue'"):
        send(cast("Any", sqs), "http://queue", [record(UPLOAD)])
