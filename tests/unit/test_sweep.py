from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from sftp_watchdog.events import Upload, read, records

from quillgate.errors import QuillgateError
from quillgate.sweep import requeue

BUCKET = "bucket-1"
QUEUE = "http://queue"
HEADERS = ("ETag", "LastModified", "VersionId")
STORED = datetime(2026, 11, 23, 9, 0, 0, 5000, UTC)


def version(key: str, version_id: str = "v1", size: int = 0) -> dict[str, Any]:
    return {
        "Key": key,
        "VersionId": version_id,
        "Size": size,
        "ETag": '"d41d8cd98f00b204e9800998ecf8427e"',
        "LastModified": STORED,
        "IsLatest": False,
    }


class FakeS3:
    """A bucket that gives its versions in pages of four, and fails to list control characters."""

    def __init__(self, versions: list[dict[str, Any]]) -> None:
        self._versions = versions

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, f"_{operation}"))

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == BUCKET
        found = next(each for each in self._versions if each["Key"] == Key)
        return {"ContentLength": found["Size"], **{name: found[name] for name in HEADERS}}

    def _list_object_versions(
        self,
        Bucket: str,  # noqa: N803
        Prefix: str = "",  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        assert Bucket == BUCKET
        yield {"DeleteMarkers": [{"Key": "gone.csv", "VersionId": "marker"}]}
        found = [each for each in self._versions if each["Key"].startswith(Prefix)]
        for start in range(0, len(found), 4):
            if any("\1" in each["Key"] for each in found[start:]):
                raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 500}}, "list")  # type: ignore[typeddict-item]
            yield {"Versions": found[start : start + 4]}

    def _list_objects_v2(self, Bucket: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        assert Bucket == BUCKET
        yield {"Contents": [{"Key": key} for key in {each["Key"] for each in self._versions}]}


class FakeSqs:
    """Takes all but the first `refuses` messages of each call; `never`: not even at a retry."""

    def __init__(self, refuses: int = 0, *, never: bool = False) -> None:
        self.bodies: list[str] = []
        self.calls = 0
        self._refuses = refuses
        self._never = never

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        entries = request["Entries"]
        assert request["QueueUrl"] == QUEUE
        assert 0 < len(entries) <= 10
        assert len({entry["Id"] for entry in entries}) == len(entries)
        self.calls += 1
        refused = 10 if self._never else self._refuses if self.calls % 2 else 0
        self.bodies += [entry["MessageBody"] for entry in entries[refused:]]
        failed = [{"Id": entry["Id"], "Message": "busy"} for entry in entries[:refused]]
        return {"Failed": failed} if failed else {}

    def uploads(self) -> list[Upload]:
        found = [read(record) for body in self.bodies for record in records(body)]
        return [upload for upload in found if isinstance(upload, Upload)]


def swept(versions: list[dict[str, Any]], sqs: FakeSqs) -> int:
    return requeue(FakeS3(versions), sqs, BUCKET, QUEUE)


def test_a_version_is_told_as_s3_would_have() -> None:
    sqs = FakeSqs()
    assert swept([version("acme/incoming/q3 sales.csv", size=5 * 1024**3)], sqs) == 1
    [upload] = sqs.uploads()
    event = {
        "bucket": {"name": BUCKET},
        "object": {
            "key": "acme/incoming/q3+sales.csv",
            "size": 5 * 1024**3,
            "eTag": "d41d8cd98f00b204e9800998ecf8427e",
            "versionId": "v1",
            "sequencer": "0055AED6DCD90281E5",
        },
    }
    moment = "2026-11-23T09:00:00.005Z"
    told = read({"eventName": "ObjectCreated:Put", "eventTime": moment, "s3": event})
    assert upload == told, "the same id: to Quill it is the same notification"


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_key_comes_back(key: str) -> None:
    sqs = FakeSqs()
    swept([version(key)], sqs)
    assert [upload.key for upload in sqs.uploads()] == [key]


@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
def test_every_version_is_queued_and_no_delete_marker(count: int) -> None:
    sqs = FakeSqs()
    assert swept([version("a.csv", f"v{number}") for number in range(count)], sqs) == count
    told = [upload.version_id for upload in sqs.uploads()]
    assert told == [f"v{number}" for number in range(count)]
    assert sqs.calls == -(-count // 10)


def test_a_time_elsewhere_is_told_in_utc() -> None:
    sqs = FakeSqs()
    elsewhere = STORED.astimezone(timezone(timedelta(hours=2)))
    swept([{**version("a.csv"), "LastModified": elsewhere}], sqs)
    assert [upload.uploaded_at for upload in sqs.uploads()] == ["2026-11-23T09:00:00.005Z"]


def test_what_the_queue_did_not_take_is_sent_again() -> None:
    sqs = FakeSqs(refuses=3)
    assert swept([version(f"{number}.csv") for number in range(10)], sqs) == 10
    assert {upload.key for upload in sqs.uploads()} == {f"{number}.csv" for number in range(10)}
    assert len(sqs.bodies) == 10
    assert sqs.calls == 2


def test_a_queue_that_takes_nothing_is_given_up() -> None:
    sqs = FakeSqs(never=True)
    with pytest.raises(QuillgateError) as told:
        swept([version("a.csv")], sqs)
    assert str(told.value) == f"queue takes no uploads: '{QUEUE}' - busy"
    assert sqs.calls == 1


def test_a_name_the_engine_cannot_list_keeps_no_other_from_being_told() -> None:
    mean, sqs = "acme/incoming/a\1b", FakeSqs()
    others = [version("acme/incoming/c", number) for number in ("v1", "v2")]
    swept([version(mean, size=3), *others], sqs)
    told = {(upload.key, upload.version_id, upload.size) for upload in sqs.uploads()}
    assert told == {
        (mean, "v1", 3),
        ("acme/incoming/c", "v1", 0),
        ("acme/incoming/c", "v2", 0),
    }


def test_any_other_refusal_is_told() -> None:
    def forbid(**_: str) -> None:
        raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 403}}, "list")  # type: ignore[typeddict-item]

    forbidding = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=forbid))
    with pytest.raises(ClientError):
        requeue(forbidding, FakeSqs(), BUCKET, QUEUE)
