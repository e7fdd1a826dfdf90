"""Whatever lies on the queue: nothing takes an upload beside it along, nothing goes unlogged.

`EVENT_CASES=100000 EVENT_SEED=7 pytest tests/unit/test_any_event.py` for a longer run, or another
one (`make fuzz` has one); a case is a message with any number of records.
"""

from __future__ import annotations

import copy
import io
import json
import os
from collections import Counter
from typing import Any, cast

import pytest
from hypothesis import given, seed, settings
from sftp_watchdog.ledger import Ledger

from tests.unit.hostile_events import BUCKET, ENVELOPES, GOOD
from tests.unit.watchdog_fakes import FakeBucket, FakeContext, FakeQuill, FakeS3, FakeSqs
from tests.unit.watchdog_on_fakes import watchdog_on

CASES = int(os.environ.get("EVENT_CASES", "300"))
SEED = os.environ.get("EVENT_SEED", "1")
RUNS = max(1, CASES // 1000)
# As much as CloudWatch Logs takes from Lambda as one line.
LONGEST_LINE = 256 * 1024


class Bench:
    """A watchdog on fakes, whose log is UTF-8 as Lambda's is."""

    def __init__(self) -> None:
        self.log, self.quill = io.BytesIO(), FakeQuill()
        self.s3, self.ledger_s3 = FakeS3(), FakeBucket()
        stream = io.TextIOWrapper(self.log, encoding="utf-8", write_through=True)
        ledger = Ledger(cast("Any", self.ledger_s3), "ledger-1")
        self.watchdog = watchdog_on(self.s3, ledger, self.quill, FakeSqs(), stream)

    def handle(self, *messages: dict[str, Any]) -> set[str]:
        """The ids of the messages that stay on the queue."""
        self.log.seek(0)
        self.log.truncate()
        for kept in (self.quill.told, self.s3.heads, self.ledger_s3.puts, self.ledger_s3.objects):
            kept.clear()
        answer = self.watchdog.handle({"Records": list(messages)}, cast("Any", FakeContext()))
        return {str(item["itemIdentifier"]) for item in answer["batchItemFailures"]}

    @property
    def lines(self) -> list[dict[str, Any]]:
        lines = self.log.getvalue().split(b"\n")[:-1]
        assert max(map(len, lines)) < LONGEST_LINE
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def message(name: str, envelope: dict[str, Any]) -> dict[str, Any]:
    whole = {"receiptHandle": name, "attributes": {"ApproximateReceiveCount": "1"}}
    return {"messageId": name, "eventSource": "aws:sqs"} | whole | envelope


def good(key: str) -> dict[str, Any]:
    record = copy.deepcopy(GOOD)
    record["s3"]["object"]["key"] = key
    return message(key, {"body": json.dumps({"Records": [record]})})


def held(envelope: dict[str, Any]) -> int:
    """How many records a message holds that can be read as JSON."""
    event = json.loads(envelope["body"])
    return len(event["Records"]) if "Records" in event else 1


@pytest.mark.parametrize("run", range(RUNS))
def test_no_message_costs_a_sibling_and_none_goes_unlogged(bench: Bench, run: int) -> None:
    # Hypothesis remembers all it tried: in many short runs that is forgotten again.
    @seed(f"{SEED} {run}")
    @settings(max_examples=CASES // RUNS // 2)
    @given(before=ENVELOPES, after=ENVELOPES)
    def none_does(before: dict[str, Any], after: dict[str, Any]) -> None:
        check(bench, before, after)

    none_does()


def check(bench: Bench, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Each of two messages stays on the queue, or each of its records is logged; so are others."""
    any_messages = {"m1": before, "m2": after}
    failed = bench.handle(
        good("acme/incoming/1.csv"),
        message("m1", before),
        good("acme/incoming/2.csv"),
        message("m2", after),
        good("acme/incoming/3.csv"),
    )
    told = [each["key"] for each in bench.quill.told]
    assert [told.count(f"acme/incoming/{number}.csv") for number in (1, 2, 3)] == [1, 1, 1]
    assert {each["bucket"] for each in bench.quill.told} == {BUCKET}
    if "ordered_by" not in str(any_messages):
        assert len({each["id"] for each in bench.quill.told}) == len(told)
    logged = Counter(line["message_id"] for line in bench.lines)
    assert failed <= set(any_messages)
    for name, envelope in any_messages.items():
        assert logged[name] >= (1 if name in failed else max(1, held(envelope)))
