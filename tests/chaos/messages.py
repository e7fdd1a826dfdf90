"""The queue's messages in the hands of somebody who loses, doubles and mixes them."""

from __future__ import annotations

import json
import random
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.chaos.site import Site

_BATCH = 10  # SQS takes and gives no more at once


def take_all(site: Site) -> list[str]:
    """Take every message that can be seen off the queue; gives their bodies."""
    sqs, url = site.client("sqs"), site.environment.queue_url
    bodies: list[str] = []
    while True:
        found = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=_BATCH, VisibilityTimeout=60
        ).get("Messages", [])
        if not found:
            return bodies
        for message in found:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def send_mixed(site: Site, bodies: Iterable[str], chance: random.Random) -> int:
    """Send messages in no order, some of them later; gives their number."""
    mixed = list(bodies)
    chance.shuffle(mixed)
    for first in range(0, len(mixed), _BATCH):
        entries = [
            {"Id": str(number), "MessageBody": body, "DelaySeconds": chance.choice([0, 0, 0, 1, 3])}
            for number, body in enumerate(mixed[first : first + _BATCH])
        ]
        answer = site.client("sqs").send_message_batch(
            QueueUrl=site.environment.queue_url, Entries=entries
        )
        assert not answer.get("Failed"), answer
    return len(mixed)


def events_so_far(site: Site) -> Iterator[str]:
    """The event that S3 sent, or should have sent, for each version in the users' homes."""
    for user in site.users:
        for version in versions(site.client("s3"), site.environment.bucket, f"{user.home}/"):
            yield _event(site.environment.bucket, version)


def versions(s3: Any, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
    """Every version below a prefix, as S3 lists it; delete markers are none."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Versions", [])


def _event(bucket: str, version: Mapping[str, Any]) -> str:
    modified = version["LastModified"].isoformat(timespec="milliseconds")
    stored = {
        "key": urllib.parse.quote_plus(version["Key"], safe="/"),
        "size": version["Size"],
        "eTag": version["ETag"].strip('"'),
        "versionId": version["VersionId"],
    }
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": modified.replace("+00:00", "Z"),
        "s3": {"bucket": {"name": bucket}, "object": stored},
    }
    return json.dumps({"Records": [record]})
