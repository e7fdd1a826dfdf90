"""What may lie on the queue besides S3's own events, made up at random."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

GOOD: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data/event_single.json").read_text()
)["Records"][0]
BUCKET = GOOD["s3"]["bucket"]["name"]
GOOD_KEY = "acme/incoming/eu/q3 sales.csv"

HOSTILE_TEXTS = [
    *("", " ", "\0", "\n", "%00", "%FF.csv", "%ED%A0%80", "%", "%2", "+", "\ud800.csv", "\udfff"),
    *("null", "../x", "acme/incoming/", "acme/incoming/%0A%22.csv", "acme/incoming/\u2028.csv"),
    *("acme/incoming/a.csv", "acme/outgoing/a.csv.story.txt", "watchdog.config", "{}", "NaN"),
    *("s3:ObjectCreated:Put", "ObjectRemoved:Delete", "ObjectCreated:\ud800", "s3:TestEvent"),
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999Z"),
    *("9999-12-31T23:59:59-14:00", "2026-W48-1T00:00:00Z", "1969-12-31T23:59:59Z"),
    *("acme/incoming/" + "é" * 1_000, "acme/incoming/" + "x" * 250_000, "v" * 10_000),
]
HOSTILE_NUMBERS = [-1, 0, 2**63, 10**4000, 1.5, float("nan"), float("inf"), True]
SCALARS = (
    st.none()
    | st.sampled_from(HOSTILE_NUMBERS)
    | st.integers()
    | st.sampled_from(HOSTILE_TEXTS)
    | st.text(st.characters(codec=None), max_size=20)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
# Where a record may be broken: each path leads to a member of it.
PATHS = [
    ("eventName",),
    ("eventTime",),
    ("quillgate",),
    ("quillgate", "ordered_by"),
    ("s3",),
    ("s3", "bucket"),
    ("s3", "bucket", "name"),
    ("s3", "object"),
    *(("s3", "object", name) for name in ("key", "size", "eTag", "versionId", "sequencer")),
]
EVENT_BRIDGE = {
    "version": "0",
    "source": "aws.transfer",
    "detail-type": "SFTP Server File Upload Completed",
    "detail": {"file-path": f"/{BUCKET}/{GOOD_KEY}", "status-code": "COMPLETED"},
}


@st.composite
def broken_records(draw: st.DrawFn) -> Any:
    record = copy.deepcopy(GOOD)
    for path in draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3)):
        place = record
        for name in path[:-1]:
            place = place.setdefault(name, {}) if isinstance(place, dict) else {}
        if isinstance(place, dict):
            place[path[-1]] = draw(JSON)
    return record


RECORDS = st.one_of(broken_records(), st.just(GOOD), JSON, st.just({"Event": "s3:TestEvent"}))
EVENTS = st.lists(RECORDS, max_size=4).map(lambda found: {"Records": found})
# Deeper than what can be read, the same member twice, as long as SQS takes.
DEEP = ["[" * 100_000, '{"Records": [' + "[" * 900 + "]" * 900 + "]}", '{"Records":' * 5_000]
DOUBLE = json.dumps({"Records": [GOOD]})[:-1] + ', "Records": []}'
HUGE = ["x" * 1_000_000, json.dumps({"Records": ["y" * 250_000]}), json.dumps([GOOD] * 300)]
BODIES = st.one_of(
    EVENTS.map(json.dumps),
    EVENTS.map(lambda event: json.dumps({**event, "Event": "s3:TestEvent"})),
    st.builds(
        lambda extra: json.dumps({**EVENT_BRIDGE, **extra}), st.dictionaries(st.text(), JSON)
    ),
    JSON.map(json.dumps),
    JSON,
    st.text(),
    st.binary(),
    st.sampled_from([*DEEP, DOUBLE, *HUGE]),
)
ENVELOPES = st.fixed_dictionaries(
    {"body": BODIES},
    optional={
        "receiptHandle": st.sampled_from(["r", "", None]),
        "attributes": st.fixed_dictionaries({}, optional={"ApproximateReceiveCount": SCALARS}),
    },
)
