"""Log lines to the log group each server names in its StructuredLogDestinations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from emulator.files.activity import Record
from emulator.reports.batches import Limit, batches
from emulator.reports.lines import line, stream
from emulator.reports.losses import Losses

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_logs.type_defs import InputLogEventTypeDef

FindLogGroup = Callable[[str], str | None]


def _event(record: Record) -> InputLogEventTypeDef:
    return {"timestamp": record.ended // 10**6, "message": line(record)}


def _size(each: InputLogEventTypeDef) -> int:
    return 26 + len(each["message"].encode())


# CloudWatch Logs API reference, PutLogEvents. Its other limit, 24 hours, no batch reaches.
LIMIT = Limit(items=10_000, bytes=1_048_576, size=_size)
STREAMS_KNOWN = 10_000  # each session has one; those forgotten are asked for anew


class LogGroups:
    """Deliver records; `find_log_group(server_arn)` says where now, None for nowhere."""

    def __init__(
        self,
        client: Callable[[], CloudWatchLogsClient],
        find_log_group: FindLogGroup,
        losses: Losses,
    ) -> None:
        self._client = client
        self._find_log_group = find_log_group
        self._losses = losses
        self._made: set[tuple[str, str]] = set()

    def deliver(self, records: Sequence[Record]) -> None:
        """Send what has a destination; what is not taken is counted as lost."""
        for (server_arn, name), group in groupby(sorted(records, key=_place), _place):
            if log_group := self._find_log_group(server_arn):
                self._send_all(log_group, name, map(_event, group))

    def _send_all(self, log_group: str, name: str, events: Iterable[InputLogEventTypeDef]) -> None:
        for batch in batches(events, LIMIT):
            try:
                self._send(log_group, name, batch)
            except (BotoCoreError, ClientError) as error:
                self._made.discard((log_group, name))
                self._losses.add(f"log group {log_group}", len(batch), error)
            else:
                self._losses.over(f"log group {log_group}")

    def _send(self, log_group: str, name: str, batch: Sequence[InputLogEventTypeDef]) -> None:
        client = self._client()
        send = partial(
            client.put_log_events, logGroupName=log_group, logStreamName=name, logEvents=batch
        )
        self._make_stream(client, log_group, name)
        try:
            send()
        except client.exceptions.ResourceNotFoundException:
            # Somebody made the group anew; if it is gone for good, making the stream tells.
            self._made.discard((log_group, name))
            self._make_stream(client, log_group, name)
            send()

    def _make_stream(self, client: CloudWatchLogsClient, log_group: str, name: str) -> None:
        if (log_group, name) in self._made:
            return
        with suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_stream(logGroupName=log_group, logStreamName=name)
        if len(self._made) == STREAMS_KNOWN:
            self._made.clear()
        self._made.add((log_group, name))


def _place(record: Record) -> tuple[str, str]:
    return record.server_arn, stream(record)
