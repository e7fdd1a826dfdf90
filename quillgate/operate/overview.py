"""How a stack is: its queues, what the ledger says, its routes and alarms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sftp_watchdog.entry import ATTENTION, Entry
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import SWEPT_LOG_UNTIL, Ref
from sftp_watchdog.shapes import in_utc

from quillgate.operate.alarms import alarms
from quillgate.operate.deployment import Deployment
from quillgate.operate.lists import entries
from quillgate.operate.queues import Depth, depth
from quillgate.operate.routing import routing

# Bounds: ten LIST calls for each list, and entries read to see whether a list is right.
LISTED = 10_000
VERIFIED = 1_000
_LOOKED_AT = 50
_DAYS = 7


@dataclass(frozen=True)
class Count:
    """How many; `is_more` when there are more than were counted."""

    number: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"{self.number}{'+' if self.is_more else ''}"

    def __add__(self, other: Count) -> Count:
        return Count(self.number + other.number, self.is_more or other.is_more)


@dataclass(frozen=True)
class Attention:
    """Uploads in one state of the ledger; `oldest` of those that were listed."""

    state: str
    count: Count
    oldest: Entry | None


@dataclass(frozen=True)
class Age:
    """Since when the oldest message waits: by CloudWatch on AWS, else by the ledger."""

    since: str
    source: str


@dataclass(frozen=True)
class Overview:
    """How a stack is at one moment.

    `swept` is when the last sweep began, if one ever ran; `alarms` are the names of those in ALARM.
    """

    environment: str
    stack: str
    at: str
    queue: Depth
    oldest: Age | None
    dead_letters: int
    today: Count
    week: Count
    attention: tuple[Attention, ...]
    last_accepted: Entry | None
    routes: int | None
    routes_problem: str | None
    swept: str | None
    alarms: tuple[str, ...]


def overview(deployment: Deployment, now: datetime) -> Overview:
    """Look at everything. Raises what boto3 and the ledger raise when it is out of reach."""
    sqs, ledger = deployment.client("sqs"), deployment.ledger
    days = [_day(ledger, now - timedelta(days=back)) for back in range(_DAYS)]
    attention = tuple(_attention(ledger, state) for state in ATTENTION)
    routes = routing(deployment)
    return Overview(
        environment=deployment.target.environment,
        stack=deployment.target.stack_name,
        at=in_utc(now),
        queue=depth(sqs, deployment.queue_url),
        oldest=_oldest(deployment, attention, now),
        dead_letters=depth(sqs, deployment.dead_letter_queue_url).total,
        today=days[0],
        week=sum(days, Count(0)),
        attention=attention,
        last_accepted=_last_accepted(ledger, now),
        routes=len(routes.routes.routes) if routes.routes else None,
        routes_problem=routes.problem,
        swept=ledger.text(SWEPT_LOG_UNTIL),
        alarms=tuple(alarm.name for alarm in alarms(deployment)),
    )


def _day(ledger: Ledger, moment: datetime) -> Count:
    listed = list(islice(ledger.of_day(f"{moment:%Y-%m-%d}"), LISTED + 1))
    return Count(min(len(listed), LISTED), len(listed) > LISTED)


def _attention(ledger: Ledger, state: str) -> Attention:
    """Verified by the entries, unless there are too many: lists may hold a few leftovers."""
    refs = list(islice(ledger.needing_attention(state), LISTED + 1))
    if len(refs) > VERIFIED:
        count = Count(min(len(refs), LISTED), len(refs) > LISTED)
        tail = reversed(refs[-_LOOKED_AT:])
        return Attention(state, count, next(_in_state(ledger, tail, state), None))
    found = [entry for entry in entries(ledger, refs) if entry.outcome == state]
    return Attention(state, Count(len(found)), found[-1] if found else None)


def _in_state(ledger: Ledger, refs: Iterable[Ref], state: str) -> Iterator[Entry]:
    for ref in refs:
        held = ledger.find(ref)
        if held and held.entry.outcome == state:
            yield held.entry


def _last_accepted(ledger: Ledger, now: datetime) -> Entry | None:
    """Of the newest uploads of a week."""
    refs = (
        ref
        for back in range(_DAYS)
        for ref in ledger.of_day(f"{now - timedelta(days=back):%Y-%m-%d}")
    )
    return next(_in_state(ledger, islice(refs, _LOOKED_AT), "accepted"), None)


def _oldest(deployment: Deployment, attention: Iterable[Attention], now: datetime) -> Age | None:
    """Engines have no ApproximateAgeOfOldestMessage: the ledger's oldest retry stands for it."""
    if deployment.target.environment == "aws" and (age := age_by_metric(deployment, now)):
        return age
    retrying = next((each.oldest for each in attention if each.state == "retrying"), None)
    return Age(retrying.uploaded_at, "ledger") if retrying else None


def age_by_metric(deployment: Deployment, now: datetime) -> Age | None:
    """Of the oldest message, by CloudWatch; None when it knows of none."""
    points = deployment.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": deployment.queue_url.rpartition("/")[2]}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    if not points:
        return None
    last = max(points, key=lambda point: point["Timestamp"])
    since = last["Timestamp"] - timedelta(seconds=last["Maximum"])
    return Age(in_utc(since), "CloudWatch") if last["Maximum"] else None
