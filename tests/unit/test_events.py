from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sftp_watchdog.errors import MessageError
from sftp_watchdog.events import NoUpload, Upload, read, records
from sftp_watchdog.evidence import Evidence

DATA = Path(__file__).parents[1] / "data"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def example(name: str) -> list[Upload | Evidence | NoUpload]:
    return [read(record) for record in records((DATA / f"event_{name}.json").read_text())]


def keys(name: str) -> list[str]:
    return [found.key for found in example(name) if isinstance(found, Upload)]


def single() -> Any:
    return json.loads((DATA / "event_single.json").read_text())["Records"][0]


def test_reads_an_event_as_aws_sends_it() -> None:
    identity = (
        '["prod-quillgate-sftp-123456789012", "acme/incoming/eu/q3 sales.csv", '
        '"096fKKXTRTtl3on89fVO.nfljtsv6qko"]'
    )
    assert example("single") == [
        Upload(
            bucket="prod-quillgate-sftp-123456789012",
            key="acme/incoming/eu/q3 sales.csv",
            version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
            size=1234,
            etag="d41d8cd98f00b204e9800998ecf8427e",
            uploaded_at="2026-11-23T09:00:00.000Z",
            upload_id=hashlib.sha256(identity.encode()).hexdigest(),
        )
    ]


def test_reads_many_records_and_passes_over_what_is_no_upload() -> None:
    assert keys("many") == [
        "acme/incoming/a.csv",
        "acme/incoming/c.csv",
        "acme/incoming/empty.csv",
    ]
    assert example("many")[1] == NoUpload("not an upload: event 'ObjectRemoved:Delete'")
    sizes = [found.size for found in example("many") if isinstance(found, Upload)]
    assert sizes == [1234, 5 * 1024**3, 0]


def test_passes_over_the_test_event() -> None:
    [found] = example("test")
    assert isinstance(found, NoUpload)
    assert "s3:TestEvent" in found.reason


def test_a_test_event_with_records_hides_none() -> None:
    assert records(json.dumps({"Event": "s3:TestEvent", "Records": [1]})) == [1]


def test_an_event_without_records_holds_nothing() -> None:
    assert records('{"Records": []}') == []


def test_decodes_keys_once() -> None:
    assert keys("localstack") == ["acme/incoming/q3 sales+ü.csv"]
    assert keys("mean_names") == [
        'acme/incoming/space plus+percent%41 "quote" é\'.csv',
        "acme/incoming/new\nline.csv",
        "acme/incoming/%2B.csv",
    ]


@pytest.mark.parametrize("version", [None, "", "null"])
def test_without_versions_each_upload_still_has_its_own_id(version: str | None) -> None:
    first, second = example("unversioned")
    assert isinstance(first, Upload)
    assert isinstance(second, Upload)
    assert first.upload_id != second.upload_id
    record = single()
    record["s3"]["object"]["versionId"] = version
    upload = read(record)
    assert isinstance(upload, Upload)
    assert upload.version_id is None


@given(bucket=st.text(min_size=1), key=st.text(min_size=1), other=st.text(min_size=1))
@settings(max_examples=30)
def test_ids_differ_when_any_part_does(bucket: str, key: str, other: str) -> None:
    def upload_id(*parts: str) -> str:
        record = single()
        record["s3"]["bucket"]["name"], record["s3"]["object"]["key"] = parts[:2]
        record["s3"]["object"]["versionId"] = parts[2]
        upload = read(record)
        assert isinstance(upload, Upload)
        return upload.upload_id

    plain = [part.replace("%", "_").replace("+", "_") for part in (bucket, key)]
    same = upload_id(*plain, "v")
    assert upload_id(*plain, "v") == same
    assert upload_id(plain[0] + "x", plain[1], "v") != same
    assert upload_id(plain[0], plain[1] + "x", "v") != same
    assert (upload_id(*plain, other) == same) == (other == "v")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00.000Z"),
        ("2026-11-23T09:00:00.123456Z", "2026-11-23T09:00:00.123Z"),
        ("2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00.000Z"),
    ],
)
def test_times_have_one_form(moment: str, expected: str) -> None:
    upload = read(single() | {"eventTime": moment})
    assert isinstance(upload, Upload)
    assert upload.uploaded_at == expected


@pytest.mark.parametrize("body", ["", "no JSON", "{}", "[]", "7", '{"Records": 1}', "[" * 100_000])
def test_garbage_is_refused_with_a_sample_of_it(body: str) -> None:
    with pytest.raises(MessageError, match="dead-letter queue") as caught:
        records(body)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("key", ""),
        ("key", None),
        ("key", "%FF.csv"),
        ("key", "\ud800.csv"),
        ("size", -1),
        ("size", "12"),
        ("size", True),
        ("size", 2**63),
        ("key", "a" * 1025),
        ("eTag", 5),
        ("versionId", 5),
    ],
)
def test_a_wrong_member_is_refused(member: str, value: object) -> None:
    record = single()
    record["s3"]["object"][member] = value
    with pytest.raises(MessageError, match="no S3 record"):
        read(record)


@pytest.mark.parametrize(
    "moment", ["", "yesterday", "2026-11-23T09:00:00", None, "9999-12-31T23:59:59-14:00"]
)
def test_a_wrong_time_is_refused(moment: object) -> None:
    with pytest.raises(MessageError, match="no S3 record"):
        read(single() | {"eventTime": moment})


@given(st.text() | JSON.map(json.dumps))
@settings(max_examples=30)
def test_any_body_is_read_or_refused(body: str) -> None:
    try:
        found = records(body)
    except MessageError:
        return
    assert isinstance(found, list)


@given(JSON | st.fixed_dictionaries({"eventName": JSON, "eventTime": JSON, "s3": JSON}))
@settings(max_examples=30)
def test_any_record_is_read_or_refused(record: object) -> None:
    try:
        found = read(record)
    except MessageError:
        return
    assert isinstance(found, Upload | NoUpload)
