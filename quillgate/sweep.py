"""Puts uploads back on the queue whose events were lost with an engine that was killed.

Every version in the bucket is queued again, as S3 would have done; the watchdog sorts them out. Of
most of them Quill has been told already: the same id gets the same receipt and nothing is done
twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import ClientError

from quillgate.errors import QuillgateError

Version = Mapping[str, Any]

_BATCH = 10  # SQS takes no more messages in one call


def requeue(s3: Any, sqs: Any, bucket: str, queue_url: str) -> int:
    """Queue every version of every object; gives their number.

    Raises QuillgateError when the queue takes none of a batch. A second run does no harm.
    """
    messages = (
        json.dumps({"Records": [_record(bucket, version)]}) for version in _versions(s3, bucket)
    )
    count = 0
    while batch := list(islice(messages, _BATCH)):
        _send(sqs, queue_url, batch)
        count += len(batch)
    return count


def _versions(s3: Any, bucket: str) -> Iterator[Version]:
    """All of them at once; one by one where one of the names makes the engine fail.

    XML has no control characters: an engine that writes them as they are cannot answer.
    """
    try:
        yield from _listed(s3, Bucket=bucket)
    except ClientError as error:
        if not _is_engines_fault(error):
            raise
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", []):
                yield from _versions_of(s3, bucket, found["Key"])


def _versions_of(s3: Any, bucket: str, key: str) -> Iterator[Version]:
    """The versions of one object; the latest alone where the engine cannot list them."""
    try:
        found = list(_listed(s3, Bucket=bucket, Prefix=key))
    except ClientError as error:
        if not _is_engines_fault(error):
            raise
        head = s3.head_object(Bucket=bucket, Key=key)
        found = [{**head, "Key": key, "Size": head["ContentLength"]}]
    yield from (version for version in found if version["Key"] == key)


def _listed(s3: Any, **where: str) -> Iterator[Version]:
    for page in s3.get_paginator("list_object_versions").paginate(**where):
        yield from page.get("Versions", [])


def _is_engines_fault(error: ClientError) -> bool:
    return error.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def _record(bucket: str, version: Version) -> dict[str, Any]:
    """The event S3 sent, or should have sent, for this version."""
    modified = version["LastModified"].isoformat(timespec="milliseconds")
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": modified.replace("+00:00", "Z"),
        "s3": {
            "bucket": {"name": bucket},
            "object": {
                "key": quote_plus(version["Key"], safe="/"),
                "size": version["Size"],
                "eTag": version["ETag"].strip('"'),
                "versionId": version["VersionId"],
            },
        },
    }


def _send(sqs: Any, queue_url: str, messages: list[str]) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(messages)]
    answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
    failed = answer.get("Failed", [])
    if len(failed) == len(messages):
        raise QuillgateError("queue takes no uploads", queue_url, failed[0].get("Message", "again"))
    if failed:
        _send(sqs, queue_url, [messages[int(item["Id"])] for item in failed])
