"""The watchdog's sweep, run from here: for `quillgate sweep`, and after an engine was killed."""

from __future__ import annotations

from collections.abc import Callable

from sftp_watchdog.config import Config
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.settings import Settings
from sftp_watchdog.sweep import sweep
from sftp_watchdog.sweep_evidence import LogSweep
from sftp_watchdog.sweep_run import Case, Counts, Order, Tools
from sftp_watchdog.versions import Versions

from quillgate.target import Target


def nothing(_: Case | Counts) -> None:
    """Nobody wants to know."""


def tools_for(
    target: Target,
    warn: Callable[[str], None],
    say: Callable[[Case], None] = nothing,
    tick: Callable[[Counts], None] = nothing,
) -> Tools:
    """The sweep's tools for a deployed stack; `warn` is told what is wrong with its routes."""
    settings, s3 = _settings(target), target.client("s3")
    ledger = Ledger(s3, settings.ledger_bucket)
    config = Config(s3, settings, ledger, lambda what, error: warn(f"{what}: {error}"))
    sqs = target.client("sqs")
    return Tools(Versions(s3, settings.bucket), ledger, config, sqs, settings, say, tick)


def _settings(target: Target) -> Settings:
    """As the function has them."""
    outputs, parameters = target.outputs(), target.parameters()
    prefix = outputs["WatchdogFunctionName"].removesuffix("-watchdog")

    def number(name: str, default: int) -> int:
        return int(parameters.get(name, default))

    return Settings(
        bucket=outputs["BucketName"],
        ledger_bucket=outputs["LedgerBucketName"],
        secret_id=outputs["SecretName"],
        queue_url=outputs["QueueUrl"],
        retry_max_seconds=number("RetryMaxSeconds", Settings.retry_max_seconds),
        queue_visibility_seconds=number(
            "QueueVisibilitySeconds", Settings.queue_visibility_seconds
        ),
        waiting_alarm_minutes=number("WaitingAlarmMinutes", Settings.waiting_alarm_minutes),
        transfer_log_group=f"/aws/vendedlogs/transfer/{prefix}",
    )


def sweep_all(target: Target, tools: Tools, order: Order) -> Counts:
    """Sweep the bucket, and Transfer's log after it; not that one for some keys, or to look only.

    Raises what `sweep` and LogSweep raise.
    """
    counts = sweep(tools, order)
    if not (order.dry_run or order.only):
        settings, logs = tools.settings, target.client("logs")
        group, queue_url = settings.transfer_log_group, settings.queue_url
        log = LogSweep(logs, group, tools.ledger, tools.sqs, queue_url)
        log.run(tools.config.current(), order)
    return counts


def sweep_after_loss(target: Target, warn: Callable[[str], None]) -> Counts:
    """Put back whatever has no outcome, after everything on the queues was lost.

    The ledger is in a bucket, and what is in buckets outlives the engine.
    """
    return sweep_all(target, tools_for(target, warn), Order(everything=True))
