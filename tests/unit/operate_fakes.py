"""Stand-ins for the services that operators' commands ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from sftp_watchdog import requeue
from sftp_watchdog.entry import Entry
from sftp_watchdog.events import Upload, read
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.shapes import in_utc

from quillgate.operate.deployment import Deployment
from quillgate.target import Address, Target
from tests.unit.watchdog_fakes import FakeBucket, client_error

BUCKET = "uploads-1"
SFTP = Address("sftp.example.com", 2222)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = "acme/incoming/q3 sales.csv"


def at(seconds: float) -> str:
    """So many seconds after `NOW`, as entries have it."""
    return in_utc(NOW + timedelta(seconds=seconds))


def upload(key: str = KEY, version_id: str = "v1", seconds: float = 0) -> Upload:
    """An upload with the id that the watchdog gives it."""
    bare = Upload(BUCKET, key, version_id, 7, "e", at(seconds), "")
    found = read(requeue.record(bare))
    assert isinstance(found, Upload)
    return found


def entry(outcome: Any, of: Upload | None = None, **changes: Any) -> Entry:
    """The entry of an upload that came to `outcome` at its first try."""
    begun = Entry.begun(of or upload(), "acme", at(1), at(60))
    return begun.moved(at(2), outcome, f"it is {outcome}", attempts=1, **changes)


def body(*uploads: Upload) -> str:
    """The message S3 sends of uploads."""
    return json.dumps({"Records": [requeue.record(each) for each in uploads]})


class FakeQueue:
    """One SQS queue as seen by one consumer: messages by id, those received are hidden."""

    def __init__(self, *bodies: str) -> None:
        self.messages = {f"m{number}": text for number, text in enumerate(bodies)}
        self.hidden: set[str] = set()
        self.sent: list[str] = []
        self.steps: list[str] = []
        self.send_failure: Exception | None = None
        self.undeletable: set[str] = set()

    def receive_message(self, **request: Any) -> dict[str, Any]:
        visible = [name for name in self.messages if name not in self.hidden]
        taken = visible[: request["MaxNumberOfMessages"]]
        self.hidden.update(taken)
        return {
            "Messages": [
                {"MessageId": name, "ReceiptHandle": f"h-{name}", "Body": self.messages[name]}
                for name in taken
            ]
        }

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        done = []
        for each in request["Entries"]:
            name = each["ReceiptHandle"].removeprefix("h-")
            if name not in self.undeletable:
                self.steps.append(f"delete {name}")
                del self.messages[name]
                self.hidden.discard(name)
                done.append({"Id": each["Id"]})
        return {"Successful": done}

    def change_message_visibility_batch(self, **request: Any) -> None:
        assert len(request["Entries"]) <= 10
        for each in request["Entries"]:
            assert each["VisibilityTimeout"] == 0
            self.hidden.discard(each["ReceiptHandle"].removeprefix("h-"))

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        if self.send_failure:
            raise self.send_failure
        assert request["QueueUrl"] == "http://queue"
        self.sent += [each["MessageBody"] for each in request["Entries"]]
        self.steps.append(f"send {len(request['Entries'])}")
        return {}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.messages))}}

    def sent_uploads(self) -> list[Upload]:
        """What the watchdog would read."""
        found = [read(each) for text in self.sent for each in json.loads(text)["Records"]]
        return [each for each in found if isinstance(each, Upload)]


class FakeVersions(FakeBucket):
    """S3 with versions, in pages of two; fails to list control characters, as XML does."""

    def __init__(self, *versions: dict[str, Any]) -> None:
        super().__init__()
        self.versions = sorted(versions, key=lambda each: str(each["Key"]))
        self.pages_given = 0

    def get_paginator(self, operation: str) -> Any:
        if operation == "list_object_versions":
            return SimpleNamespace(paginate=self._version_pages)
        return super().get_paginator(operation)

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        keys = dict.fromkeys(each["Key"] for each in self.versions)
        return {"Contents": [{"Key": key} for key in keys if key.startswith(request["Prefix"])]}

    def head_object(self, **request: Any) -> dict[str, Any]:
        for each in self.versions:
            if each["Key"] == request["Key"]:
                return {**each, "ContentLength": each["Size"]}
        raise client_error(404)

    def _version_pages(self, **request: Any) -> Iterator[dict[str, Any]]:
        found = [each for each in self.versions if each["Key"].startswith(request["Prefix"])]
        for start in range(0, len(found), 2):
            page = found[start : start + 2]
            if any("\1" in each["Key"] for each in page):
                raise client_error(500)
            self.pages_given += 1
            yield {
                "Versions": [each for each in page if "ETag" in each],
                "DeleteMarkers": [each for each in page if "ETag" not in each],
            }


def version(key: str = KEY, version_id: str = "v1", seconds: float = 0) -> dict[str, Any]:
    """One version as S3 lists it."""
    moment = NOW + timedelta(seconds=seconds)
    return {"Key": key, "VersionId": version_id, "Size": 7, "ETag": '"e"', "LastModified": moment}


class FakeLogs:
    """CloudWatch Logs with one group; ignores filter patterns, as engines do."""

    exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = list(events)
        self.is_missing = False
        self.read = 0

    def get_paginator(self, operation: str) -> Any:
        assert operation == "filter_log_events"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, **request: Any) -> Iterator[dict[str, Any]]:
        if self.is_missing:
            raise KeyError(request["logGroupName"])
        for event in self.events:
            end = request.get("endTime", event["timestamp"])
            in_time = request["startTime"] <= event["timestamp"] <= end
            if in_time and event["logStreamName"] in request.get(
                "logStreamNames", [event["logStreamName"]]
            ):
                self.read += 1
                yield {"events": [event]}


def log(seconds: float, kind: str, session: str = "s1", **fields: str) -> dict[str, Any]:
    """One event of the server's log; `new_path="x"` becomes the field `new-path`."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    message = {"activity-type": kind, "session-id": session, **named}
    return {
        "timestamp": round((NOW + timedelta(seconds=seconds)).timestamp() * 1000),
        "logStreamName": f"acme.{session}",
        "message": json.dumps(message),
    }


@dataclass
class Place:
    """A stack of fakes, and the deployment that leads to them."""

    s3: FakeVersions = field(default_factory=FakeVersions)
    queue: FakeQueue = field(default_factory=FakeQueue)
    logs: FakeLogs = field(default_factory=FakeLogs)
    cloudwatch: Any = None
    formation: Any = None
    transfer: Any = None
    environment: str = "embedded"

    def __post_init__(self) -> None:
        self.ledger_bucket = FakeBucket()
        self.ledger = Ledger(cast("Any", self.ledger_bucket), "ledger-1", lambda: NOW)
        services = {
            "s3": self.s3,
            "sqs": self.queue,
            "logs": self.logs,
            "cloudwatch": self.cloudwatch,
            "cloudformation": self.formation,
            "transfer": self.transfer,
            "sts": SimpleNamespace(get_caller_identity=lambda: {"Arn": "arn:alice"}),
        }
        target = Target(self.environment, "stack-1", services.__getitem__, SFTP)
        self.deployment = Deployment(
            target=target,
            prefix="dev-quillgate-sftp",
            bucket=BUCKET,
            queue_url="http://queue",
            dead_letter_queue_url="http://dead-letters",
            ledger=self.ledger,
        )

    def keep(self, *entries: Entry) -> None:
        """Put entries into the ledger."""
        for each in entries:
            self.ledger.create(each)
