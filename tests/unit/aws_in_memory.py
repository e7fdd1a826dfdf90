"""boto3's own clients, answered in this process: paginators, checks and errors are the real ones.

Each answer is on a bill: how many requests there were, how many names were listed in them, and how
many bytes were read. S3 keeps its keys sorted, so that a listing costs what it gives, as at AWS.
"""

from __future__ import annotations

import bisect
import hashlib
import io
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
from botocore import xform_name

SERVER = "s-0123456789abcdef0"
_LISTED_AT_ONCE = 1000
Answer = dict[str, Any]
# Of a hundred thousand objects few are ever read: what makes one will do.
Body = bytes | Callable[[], bytes]


class RefusedError(Exception):
    """An answer with an error's code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class Bill:
    """What was asked of AWS since the last `reset`."""

    requests: Counter[str] = field(default_factory=Counter)
    names: int = 0
    bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        """Begin again."""
        self.requests.clear()
        self.names = self.bytes = 0

    def add(self, operation: str, names: int = 0, size: int = 0) -> None:
        """One request, from whatever thread."""
        with self.lock:
            self.requests[operation] += 1
            self.names += names
            self.bytes += size


def client(service: str, part: Any, bill: Bill) -> Any:
    """A client whose operations are the methods of `part`, such as `list_users(**parameters)`."""
    make: Any = boto3.Session("key", "secret", region_name="us-east-1").client
    made = make(service, endpoint_url="http://127.0.0.1:1")

    def remember(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = dict(params)

    def answer(model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, Answer]:
        name = xform_name(model.name)
        try:
            found = getattr(part, name)(**context["asked"])
        except RefusedError as refused:
            bill.add(name)
            return _answered(refused.status, {"Error": {"Code": refused.code, "Message": ""}})
        bill.add(name, found.pop("names", 0), found.pop("size", 0))
        return _answered(200, found)

    # boto3 calls these for every operation: it sends nothing that was answered here.
    made.meta.events.register("provide-client-params", remember)
    made.meta.events.register("before-call", answer)
    return made


def _answered(status: int, body: Answer) -> tuple[Any, Answer]:
    http = SimpleNamespace(status_code=status)
    return http, {**body, "ResponseMetadata": {"HTTPStatusCode": status}}


@dataclass
class Bucket:
    """One bucket, each key with one version."""

    objects: dict[str, Body] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def fill(self, objects: Mapping[str, Body]) -> None:
        """Put many at once."""
        self.objects.update(objects)
        self.keys = sorted(self.objects)

    def body(self, key: str) -> bytes:
        """Of one object."""
        found = self.objects[key]
        return found if isinstance(found, bytes) else found()

    def put(self, key: str, body: bytes) -> None:
        """Put one."""
        if key not in self.objects:
            bisect.insort(self.keys, key)
        self.objects[key] = body

    def delete(self, key: str) -> None:
        """Harmless when there is none."""
        if self.objects.pop(key, None) is not None:
            self.keys.remove(key)

    def after(self, prefix: str, marker: str, limit: int) -> tuple[list[str], bool]:
        """The keys that sort behind the marker; whether there are more."""
        start = max(bisect.bisect_right(self.keys, marker), bisect.bisect_left(self.keys, prefix))
        end = bisect.bisect_left(self.keys, prefix + "\U0010ffff")
        return self.keys[start : min(end, start + limit)], end > start + limit

    def listed(self, key: str) -> Answer:
        """What a list says of an object."""
        body = self.body(key)
        return {"Key": key, "Size": len(body), "ETag": etag(body), "LastModified": self.at}


class S3:
    """Buckets."""

    def __init__(self, buckets: Mapping[str, Bucket]) -> None:
        self.buckets = buckets

    def list_objects_v2(
        self,
        Bucket: str,  # noqa: N803
        Prefix: str = "",  # noqa: N803
        StartAfter: str = "",  # noqa: N803
        ContinuationToken: str = "",  # noqa: N803
        MaxKeys: int = _LISTED_AT_ONCE,  # noqa: N803
        **_: Any,
    ) -> Answer:
        bucket = self.buckets[Bucket]
        limit = min(MaxKeys, _LISTED_AT_ONCE)
        keys, is_more = bucket.after(Prefix, ContinuationToken or StartAfter, limit)
        more = {"NextContinuationToken": keys[-1]} if is_more else {}
        found = [bucket.listed(key) for key in keys]
        return {"Contents": found, "IsTruncated": is_more, **more, "names": len(keys)}

    def list_object_versions(
        self,
        Bucket: str,  # noqa: N803
        Prefix: str = "",  # noqa: N803
        KeyMarker: str = "",  # noqa: N803
        MaxKeys: int = _LISTED_AT_ONCE,  # noqa: N803
        **_: Any,
    ) -> Answer:
        bucket = self.buckets[Bucket]
        keys, is_more = bucket.after(Prefix, KeyMarker, min(MaxKeys, _LISTED_AT_ONCE))
        found = [{**bucket.listed(key), "VersionId": "v1", "IsLatest": True} for key in keys]
        more = {"NextKeyMarker": keys[-1], "NextVersionIdMarker": "v1"} if is_more else {}
        return {"Versions": found, "IsTruncated": is_more, **more, "names": len(keys)}

    def get_object(self, **asked: Any) -> Answer:
        head = self.head_object(**asked)
        body = self.buckets[asked["Bucket"]].body(asked["Key"])
        if asked.get("IfNoneMatch") == head["ETag"]:
            raise RefusedError(304, "NotModified")
        return {**head, "Body": io.BytesIO(body), "size": len(body)}

    def head_object(self, **asked: Any) -> Answer:
        bucket = self.buckets[asked["Bucket"]]
        if asked["Key"] not in bucket.objects:
            raise RefusedError(404, "NoSuchKey")
        found = bucket.listed(asked["Key"])
        return {
            **{"VersionId": "v1", "Metadata": {}, "ContentLength": found["Size"]},
            **{name: found[name] for name in ("ETag", "LastModified")},
        }

    def put_object(self, **asked: Any) -> Answer:
        bucket, key, body = self.buckets[asked["Bucket"]], asked["Key"], asked["Body"]
        if asked.get("IfNoneMatch") and key in bucket.objects:
            raise RefusedError(412, "PreconditionFailed")
        bucket.put(key, body)
        return {"ETag": etag(body)}

    def delete_object(self, **asked: Any) -> Answer:
        self.buckets[asked["Bucket"]].delete(asked["Key"])
        return {}


class Transfer:
    """One server with users: as it lists and describes them."""

    def __init__(self, users: Mapping[str, Answer]) -> None:
        self._users = users
        self._names = sorted(users)

    def list_users(self, MaxResults: int, NextToken: str = "0", **_: Any) -> Answer:  # noqa: N803
        start = int(NextToken)
        end = start + MaxResults
        found = [_brief(self._users[name]) for name in self._names[start:end]]
        more = {"NextToken": str(end)} if end < len(self._names) else {}
        return {"ServerId": SERVER, "Users": found, **more, "names": len(found)}

    def describe_user(self, UserName: str, **_: Any) -> Answer:  # noqa: N803
        if UserName not in self._users:
            raise RefusedError(400, "ResourceNotFoundException")
        return {"ServerId": SERVER, "User": self._users[UserName]}

    def list_host_keys(self, **_: Any) -> Answer:
        key = {"Arn": "arn:key", "Type": "ssh-rsa", "Fingerprint": "SHA256:abc=", "DateImported": 1}
        return {"ServerId": SERVER, "HostKeys": [key]}


class Sqs:
    """Queues with as many messages as there are, all visible."""

    def __init__(self, **bodies: list[str]) -> None:
        self._bodies = bodies
        self._at: Counter[str] = Counter()

    def get_queue_attributes(self, QueueUrl: str, **_: Any) -> Answer:  # noqa: N803
        count = str(len(self._bodies[_queue(QueueUrl)]))
        return {"Attributes": {"ApproximateNumberOfMessages": count}}

    def receive_message(self, QueueUrl: str, MaxNumberOfMessages: int = 1, **_: Any) -> Answer:  # noqa: N803
        queue = _queue(QueueUrl)
        start = self._at[queue]
        found = self._bodies[queue][start : start + MaxNumberOfMessages]
        self._at[queue] += len(found)
        names = [f"m{start + number}" for number in range(len(found))]
        return {
            "Messages": [
                {"MessageId": name, "ReceiptHandle": name, "Body": body}
                for name, body in zip(names, found, strict=True)
            ]
        }

    def change_message_visibility_batch(self, QueueUrl: str, **_: Any) -> Answer:  # noqa: N803
        self._at[_queue(QueueUrl)] = 0
        return {}


class Logs:
    """A server's log with nothing in it that is asked for."""

    def filter_log_events(self, **_: Any) -> Answer:
        return {"events": []}


class CloudWatch:
    """No alarm is in ALARM."""

    def describe_alarms(self, **_: Any) -> Answer:
        return {"MetricAlarms": [], "CompositeAlarms": []}


class CloudFormation:
    """One stack."""

    def __init__(self, outputs: Mapping[str, str], parameters: Mapping[str, str]) -> None:
        self._outputs, self._parameters = outputs, parameters

    def describe_stacks(self, **_: Any) -> Answer:
        outputs = [{"OutputKey": name, "OutputValue": each} for name, each in self._outputs.items()]
        given = [
            {"ParameterKey": name, "ParameterValue": each}
            for name, each in self._parameters.items()
        ]
        return {"Stacks": [{"Outputs": outputs, "Parameters": given}]}


def etag(body: bytes) -> str:
    """As S3 has it."""
    return f'"{hashlib.md5(body).hexdigest()}"'  # noqa: S324


def _queue(url: str) -> str:
    return url.rpartition("/")[2]


def _brief(user: Answer) -> Answer:
    """What ListUsers says of one that DescribeUser describes."""
    left_out = ("SshPublicKeys", "Tags", "Policy", "HomeDirectoryMappings")
    shown = {name: value for name, value in user.items() if name not in left_out}
    return {**shown, "SshPublicKeyCount": len(user["SshPublicKeys"])}
