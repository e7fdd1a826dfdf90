"""What Transfer's log says since the last sweep, put on the queue: events may have been lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from . import evidence, requeue
from .evidence_lines import evidence_since
from .ledger_names import SWEPT_LOG_UNTIL
from .names import why_never_routed
from .shapes import in_utc

if TYPE_CHECKING:
    from types_boto3_logs.client import CloudWatchLogsClient
    from types_boto3_sqs.client import SQSClient

    from .evidence import Evidence
    from .ledger import Ledger
    from .routes import Routes
    from .sweep_run import Order

_FIRST_TIME = timedelta(days=1)
# So old is at the most what was lost with the queues: they keep messages no longer.
_ON_A_QUEUE = timedelta(days=14)
# So late a line may come into the log: what is older was queued by the sweep before.
_LATE = timedelta(minutes=10)
# Of a file that was closed since, one has to know when it was opened.
_OPEN = timedelta(hours=1)


@dataclass(frozen=True)
class LogSweep:
    """Goes through the lines of `log_group`, from where the last one ended."""

    logs: CloudWatchLogsClient
    log_group: str
    ledger: Ledger
    sqs: SQSClient
    queue_url: str

    def run(self, routes: Routes, order: Order) -> int:
        """Queue what may change an outcome, gladly again; gives the number.

        LogError, LedgerError or QueueError when a service fails: the next run begins there again.
        """
        now = self.ledger.now()
        kept = self.ledger.text(SWEPT_LOG_UNTIL)
        back = _ON_A_QUEUE if order.everything else _LATE if kept else _FIRST_TIME
        since = datetime.fromisoformat(kept or now) - back
        until = now

        def found() -> Iterator[Evidence]:
            nonlocal until
            for each in evidence_since(self.logs, self.log_group, since - _OPEN):
                if each.ended < in_utc(since):
                    continue
                yield each
                if order.seconds_left() <= 0:
                    # The next run begins there, however many lines an hour has.
                    until = min(now, in_utc(datetime.fromisoformat(each.ended) + _LATE))
                    return

        wanted = (evidence.event(each) for each in found() if _matters(each, routes))
        count = requeue.send(self.sqs, self.queue_url, wanted)
        self.ledger.keep_text(SWEPT_LOG_UNTIL, until)
        return count


def _matters(found: Evidence, routes: Routes) -> bool:
    """Whether it can change an outcome: a fragment does, the rest where a proof is asked for."""
    is_temporary = why_never_routed(found.key) is not None
    if found.kind == "partial":
        return not is_temporary
    if is_temporary:
        # It may be renamed to a name that needs the proof.
        return routes.ask_for_proof
    match = routes.find(found.key)
    return match is not None and match.route.complete == "proof"
