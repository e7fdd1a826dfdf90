"""The events of one folder of a bucket, seen on a queue of their own."""

from __future__ import annotations

import json
import urllib.parse
import uuid
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.integration.support import Environment, eventually

PATIENCE_SECONDS = 120.0
BATCH = 10


class Events:
    """ObjectCreated events of all keys in `bucket` that begin with `prefix`."""

    def __init__(self, environment: Environment, bucket: str, prefix: str) -> None:
        self._s3 = environment.client("s3")
        self._sqs = environment.client("sqs")
        self._bucket, self._prefix = bucket, prefix
        self._seen: list[tuple[str, str, str]] = []
        self._is_aws = environment.environment == "aws"
        self._is_unordered = environment.environment != "embedded"
        account = environment.client("sts").get_caller_identity()["Account"]
        self._arn = f"arn:aws:sqs:{environment.region}:{account}:{bucket}"
        self._queue = self._sqs.create_queue(QueueName=bucket, Attributes=self._attributes())
        eventually(self._subscribe, PATIENCE_SECONDS)

    def close(self) -> None:
        self._sqs.delete_queue(QueueUrl=self._queue["QueueUrl"])

    def below(self, prefix: str) -> list[tuple[str, str]]:
        """Name and key of events so far, in order of time: an object put now is waited for."""
        last = f"{self._prefix}last/{uuid.uuid4().hex}"
        self._s3.put_object(Bucket=self._bucket, Key=last)
        eventually(lambda: self._receive_until(last), PATIENCE_SECONDS)
        while self._is_unordered and self._receive():
            pass
        in_time = sorted(self._seen, key=lambda event: event[0])  # S3 promises no order
        return [(name, key) for _, name, key in in_time if key.startswith(prefix)]

    def _attributes(self) -> dict[str, str]:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self._arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        wait = "10" if self._is_aws else "1"
        return {"Policy": policy, "ReceiveMessageWaitTimeSeconds": wait}

    def _subscribe(self) -> None:
        """S3 tries the queue, whose policy need not be in force at once."""
        rule = {"Name": "prefix", "Value": self._prefix}
        queue = {
            "QueueArn": self._arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [rule]}},
        }
        try:
            self._s3.put_bucket_notification_configuration(
                Bucket=self._bucket, NotificationConfiguration={"QueueConfigurations": [queue]}
            )
        except ClientError as error:
            raise AssertionError(str(error)) from error

    def _receive_until(self, last: str) -> None:
        self._receive()
        assert any(key == last for *_, key in self._seen)

    def _receive(self) -> bool:
        """Take what is there; False when nothing came for as long as the queue waits."""
        queue = {"QueueUrl": self._queue["QueueUrl"]}
        messages = self._sqs.receive_message(**queue, MaxNumberOfMessages=BATCH).get("Messages", [])
        for message in messages:
            self._seen += _events(json.loads(message["Body"]))
        if messages:
            done = [
                {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
                for number, each in enumerate(messages)
            ]
            self._sqs.delete_message_batch(**queue, Entries=done)
        return bool(messages)


def _events(body: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """S3's test event has no records."""
    for record in body.get("Records", []):
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        yield record["eventTime"], record["eventName"].removeprefix("ObjectCreated:"), key
