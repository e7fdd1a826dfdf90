"""Records, and the two AWS services that get them, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from emulator.files.activity import Activity, Kind, Record

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_logs import CloudWatchLogsClient

SERVER_ARN = "arn:aws:transfer:us-east-1:000000000000:server/s-0123456789abcdef0"
SESSION = "9ca9a0e1cec6ad9d"


def activity(told: list[Record], user: str = "acme") -> Activity:
    return Activity(SERVER_ARN, SESSION, told.append, user, "192.0.2.7")


def record(number: int = 0, kind: Kind = "OPEN", user: str = "acme", **fields: str) -> Record:
    """A record that ended `number` seconds after the epoch."""
    ended = number * 10**9
    return Record(kind, SERVER_ARN, SESSION, user, "192.0.2.7", ended, ended, fields)


class _NotFoundError(ClientError): ...


class _ExistsError(ClientError): ...


def _error(kind: type[ClientError]) -> ClientError:
    return kind({"Error": {"Code": kind.__name__, "Message": "no"}}, "Operation")


class FakeLogs:
    """`groups` maps each group to its streams, each a list of events."""

    exceptions = SimpleNamespace(
        ResourceNotFoundException=_NotFoundError, ResourceAlreadyExistsException=_ExistsError
    )

    def __init__(self, *groups: str) -> None:
        self.groups: dict[str, dict[str, list[Any]]] = {group: {} for group in groups}
        self.calls: list[str] = []

    @property
    def client(self) -> CloudWatchLogsClient:
        return cast("CloudWatchLogsClient", self)

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        self.calls.append("create_log_stream")
        group = self.groups.get(logGroupName)
        if group is None:
            raise _error(_NotFoundError)
        if logStreamName in group:
            raise _error(_ExistsError)
        group[logStreamName] = []

    def put_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803
        logStreamName: str,  # noqa: N803
        logEvents: list[Mapping[str, Any]],  # noqa: N803
    ) -> None:
        self.calls.append("put_log_events")
        if logStreamName not in self.groups.get(logGroupName, {}):
            raise _error(_NotFoundError)
        self.groups[logGroupName][logStreamName] += logEvents


class FakeEvents:
    """`refuse` is the error code of every entry; `batches` holds what was sent."""

    def __init__(self, refuse: str = "") -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.refuse = refuse

    @property
    def client(self) -> EventBridgeClient:
        return cast("EventBridgeClient", self)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.batches.append(Entries)
        answer = {"ErrorCode": self.refuse} if self.refuse else {"EventId": "1"}
        return {"Entries": [answer for _ in Entries]}
