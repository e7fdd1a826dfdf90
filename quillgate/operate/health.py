"""How a stack is, at a glance: what it costs to look does not grow with the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sftp_watchdog import ledger_names as names
from sftp_watchdog.entry import ATTENTION
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import SWEPT_LOG_UNTIL

from quillgate.operate.alarms import Alarm, alarms
from quillgate.operate.deployment import Deployment
from quillgate.operate.overview import Age, Count, age_by_metric
from quillgate.operate.queues import Depth, depth
from quillgate.operate.routing import Routing, routing

_COUNTED = 25
_AT_ONCE = 16


@dataclass(frozen=True)
class Listed:
    """How many uploads are listed in a state; `oldest` is the time of one, when all are counted.

    A worker that died may have left a name in a list: the list of uploads itself goes by entries.
    """

    state: str
    count: Count
    oldest: str | None


@dataclass(frozen=True)
class Health:
    """How a stack is at one moment. `swept` is when the last sweep began, if one ever ran."""

    queue: Depth
    oldest: Age | None
    dead_letters: int
    today: Count
    states: tuple[Listed, ...]
    routing: Routing
    alarms: tuple[Alarm, ...]
    swept: str | None


def health(deployment: Deployment, now: datetime) -> Health:
    """Look at everything. Raises what boto3 and the ledger raise when it is out of reach."""
    sqs, ledger = deployment.client("sqs"), deployment.ledger
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        states = tuple(pool.map(lambda state: _listed(ledger, state), ATTENTION))
    today = ledger.page(names.day(f"{now:%Y-%m-%d}"), _COUNTED + 1)
    return Health(
        queue=depth(sqs, deployment.queue_url),
        oldest=_oldest(deployment, states, now),
        dead_letters=depth(sqs, deployment.dead_letter_queue_url).total,
        today=_count(today),
        states=states,
        routing=routing(deployment),
        alarms=tuple(alarms(deployment)),
        swept=ledger.text(SWEPT_LOG_UNTIL),
    )


def _listed(ledger: Ledger, state: str) -> Listed:
    found = ledger.page(names.attention(state), _COUNTED + 1)
    count = _count(found)
    return Listed(state, count, _moment(found[-1]) if found and not count.is_more else None)


def _count(found: Sequence[str]) -> Count:
    return Count(min(len(found), _COUNTED), len(found) > _COUNTED)


def _moment(name: str) -> str:
    return names.moment_of(name.rpartition("/")[2])


def _oldest(deployment: Deployment, states: Sequence[Listed], now: datetime) -> Age | None:
    """Engines have no ApproximateAgeOfOldestMessage: the ledger's oldest retry stands for it."""
    if deployment.target.environment == "aws":
        return age_by_metric(deployment, now)
    oldest = next((each.oldest for each in states if each.state == "retrying"), None)
    return Age(oldest, "ledger") if oldest else None
