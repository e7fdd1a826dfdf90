"""The sweep: what should have been told and was not is put back on the queue.

1. Uploads that wait, or whose next try is long overdue: the ledger lists them.
2. Versions in routed folders that the ledger does not know: their events were lost.

Putting back is harmless: the watchdog looks into the ledger first, so that of two messages for one
upload one is a duplicate. Whatever stops a sweep, the next one finds what this one left.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .ledger_names import SWEEP_PROGRESS, digest
from .routes import Routes
from .sweep_attention import look_at_waiting
from .sweep_known import KnownIds
from .sweep_progress import Progress
from .sweep_run import THREADS, Counts, Order, Run, Tools
from .sweep_unknown import look_at_versions
from .sweep_verdict import Judge


def sweep(tools: Tools, order: Order) -> Counts:
    """Sweep once, by the routes in force.

    NoRoutesError when no routes were ever good. BucketError, LedgerError or QueueError when a
    service fails: what was put back before is on the queue, the rest is for the next sweep.
    """
    routes = tools.config.current()
    with ThreadPoolExecutor(THREADS) as pool:
        run = Run(tools, order, _judge(tools, order), pool, Counts(), KnownIds())
        begun = _begin(tools, order, routes)
        look_at_waiting(run)
        progress = look_at_versions(run, routes, begun)
    run.counts.is_complete = progress.cursor is None
    if not (order.dry_run or order.only):
        kept = progress.completed(order.grace_seconds) if progress.cursor is None else progress
        tools.ledger.keep_text(SWEEP_PROGRESS, kept.to_json())
    return run.counts


def _judge(tools: Tools, order: Order) -> Judge:
    grace, settings = order.grace_seconds, tools.settings
    # Until then the queue itself may bring the message back.
    patience = settings.queue_visibility_seconds + settings.retry_max_seconds + grace
    later = tools.ledger.later
    return Judge(later(-grace), later(-patience), queues_lost=order.everything)


def _begin(tools: Tools, order: Order, routes: Routes) -> Progress:
    before = Progress() if order.everything else _kept(tools)
    # Stands for the routes: another text or order of lines is only a reason to look again.
    return before.started(digest(repr(routes.routes)), tools.ledger.now(), resume=order.resume)


def _kept(tools: Tools) -> Progress:
    return Progress.from_json(tools.ledger.text(SWEEP_PROGRESS))
