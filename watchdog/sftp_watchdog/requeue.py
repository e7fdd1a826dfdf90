"""Puts uploads back on the queue, as the event that S3 sent or should have sent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from .errors import QueueError

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

    from .entry import Entry
    from .events import Upload

_BATCH = 10  # SQS takes no more messages in one call


def record(upload: Upload | Entry, ordered_by: str | None = None) -> dict[str, Any]:
    """S3's record of an upload, from which `events.read` makes the same upload, with the same id.

    `ordered_by`: the person who wants it told whatever the ledger says.
    """
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": upload.uploaded_at,
        "s3": {
            "bucket": {"name": upload.bucket},
            "object": {
                "key": quote_plus(upload.key, safe="/"),
                "size": upload.size,
                "eTag": upload.etag,
                "versionId": upload.version_id,
            },
        },
        **({"quillgate": {"ordered_by": ordered_by}} if ordered_by else {}),
    }


def send(sqs: SQSClient, queue_url: str, records: Iterable[dict[str, Any]]) -> int:
    """Queue each record as a message of its own; gives their number.

    Raises QueueError when the queue takes none of a batch; what it took before is on it.
    """
    bodies = (json.dumps({"Records": [each]}) for each in records)
    count = 0
    while batch := list(islice(bodies, _BATCH)):
        _send(sqs, queue_url, batch)
        count += len(batch)
    return count


def _send(sqs: SQSClient, queue_url: str, bodies: list[str]) -> None:
    entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    try:
        answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
    except (BotoCoreError, ClientError) as error:
        raise QueueError(f"queue takes no uploads: {queue_url!r}: {error} - try again") from error
    failed = answer.get("Failed", [])
    if len(failed) == len(bodies):
        why = failed[0].get("Message", "no reason given")
        raise QueueError(f"queue takes no uploads: {queue_url!r}: {why} - try again")
    if failed:
        _send(sqs, queue_url, [bodies[int(item["Id"])] for item in failed])
