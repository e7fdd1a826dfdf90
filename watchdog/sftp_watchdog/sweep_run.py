"""What one sweep is asked to do, what it works with, and what it has done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from . import requeue
from .entry import Entry
from .events import Upload
from .sweep_known import KnownIds
from .sweep_verdict import Judge, Verdict

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

    from .config import Config
    from .ledger import Ledger
    from .settings import Settings
    from .versions import Versions

# As many as boto3 keeps connections for.
THREADS = 10


def _no_end() -> float:
    return inf


@dataclass(frozen=True)
class Order:
    """What to sweep.

    `grace_seconds` are what an event may take by itself. `everything`: look at every version
    whatever earlier sweeps have seen, and go by it that nothing is on the queues any more.
    `only`: keys that begin so. `dry_run`: say what would be put back, change nothing.
    A run ends early after `pages` listings of versions, or when `seconds_left` are none; with
    `resume` it begins where such a run has ended.
    """

    grace_seconds: float = 0
    everything: bool = False
    only: str = ""
    dry_run: bool = False
    resume: bool = False
    pages: float = inf
    seconds_left: Callable[[], float] = _no_end


@dataclass
class Counts:
    """What a sweep has done.

    `looked_at` are versions in routed folders. `swept` were lost and are put back; `judged_again`
    waited, or had no route, and are put back as well; `long_waiting` wait longer than they should;
    `requests` are listings of versions; `passed_over` objects that could not be looked at (an
    engine's fault, see `versions`); `is_complete`: no page was left for the next run.
    """

    looked_at: int = 0
    swept: int = 0
    judged_again: int = 0
    long_waiting: int = 0
    requests: int = 0
    passed_over: int = 0
    is_complete: bool = False


@dataclass(frozen=True)
class Case:
    """An upload that is put back, and why."""

    upload: Upload | Entry
    verdict: Verdict
    reason: str

    @classmethod
    def of(cls, upload: Upload | Entry, entry: Entry | None, verdict: Verdict) -> Case:
        """`entry` is what the ledger has of it."""
        if entry is None:
            return cls(upload, verdict, "not in the ledger")
        since = f"due {entry.due}" if entry.due else f"since {entry.updated_at}"
        return cls(upload, verdict, f"{entry.outcome}, {since}")


@dataclass(frozen=True)
class Tools:
    """What a sweep works with.

    `say` is told of each upload that is put back, `tick` again and again of what is done so far.
    """

    versions: Versions
    ledger: Ledger
    config: Config
    sqs: SQSClient
    settings: Settings
    say: Callable[[Case], None]
    tick: Callable[[Counts], None] = lambda _: None


@dataclass(frozen=True)
class Run:
    """One sweep under way. `back` holds the ids of what was put back: nothing is twice."""

    tools: Tools
    order: Order
    judge: Judge
    pool: ThreadPoolExecutor
    counts: Counts
    back: KnownIds

    def put_back(self, cases: Iterable[Case]) -> None:
        """Queue what was not queued before."""
        new = {it.upload.upload_id: it for it in cases if it.upload.upload_id not in self.back}
        if not self.order.dry_run:
            records = [requeue.record(case.upload) for case in new.values()]
            requeue.send(self.tools.sqs, self.tools.settings.queue_url, records)
        for upload_id, case in new.items():
            self.back.add(upload_id)
            self.counts.swept += case.verdict == "lost"
            self.counts.judged_again += case.verdict == "judge"
            self.tools.say(case)

    def relist(self, entry: Entry, was: str = "") -> None:
        """Put an entry into the lists it should be in: a worker that died may have left it out."""
        if not self.order.dry_run:
            self.tools.ledger.list_entry(entry, was)
