"""The watchdog's sweep, run from here: for `quillgate sweep`, and after an engine was killed."""

from __future__ import annotations

from collections.abc import Callable

from sftp_watchdog.config import Config
from sftp_watchdog.settings import Settings
from sftp_watchdog.sweep import sweep
from sftp_watchdog.sweep_evidence import LogSweep
from sftp_watchdog.sweep_run import Case, Counts, Order, Tools
from sftp_watchdog.versions import Versions

from quillgate.operate.deployment import Deployment
from quillgate.target import Target


def nothing(_: Case | Counts) -> None:
    """Nobody wants to know."""


def tools_for(
    deployment: Deployment,
    warn: Callable[[str], None],
    say: Callable[[Case], None] = nothing,
    tick: Callable[[Counts], None] = nothing,
) -> Tools:
    """The sweep's tools for a deployed stack; `warn` is told what is wrong with its routes."""
    settings, ledger, s3 = _settings(deployment), deployment.ledger, deployment.client("s3")
    config = Config(s3, settings, ledger, lambda what, error: warn(f"{what}: {error}"))
    sqs = deployment.client("sqs")
    return Tools(Versions(s3, settings.bucket), ledger, config, sqs, settings, say, tick)


def _settings(deployment: Deployment) -> Settings:
    """As the function has them."""
    parameters = deployment.target.parameters()

    def number(name: str, default: int) -> int:
        return int(parameters.get(name, default))

    return Settings(
        bucket=deployment.bucket,
        ledger_bucket=deployment.ledger.bucket,
        secret_id="",  # a sweep asks Quill nothing
        queue_url=deployment.queue_url,
        retry_max_seconds=number("RetryMaxSeconds", Settings.retry_max_seconds),
        queue_visibility_seconds=number(
            "QueueVisibilitySeconds", Settings.queue_visibility_seconds
        ),
        waiting_alarm_minutes=number("WaitingAlarmMinutes", Settings.waiting_alarm_minutes),
    )


def sweep_all(deployment: Deployment, tools: Tools, order: Order) -> Counts:
    """Sweep the bucket, and Transfer's log after it; not that one for some keys, or to look only.

    Raises what `sweep` and LogSweep raise.
    """
    counts = sweep(tools, order)
    if not (order.dry_run or order.only):
        logs, group = deployment.client("logs"), deployment.server_log_group
        log = LogSweep(logs, group, tools.ledger, tools.sqs, deployment.queue_url)
        log.run(tools.config.current(), order)
    return counts


def sweep_after_loss(target: Target, warn: Callable[[str], None]) -> Counts:
    """Put back whatever has no outcome, after everything on the queues was lost.

    The ledger is in a bucket, and what is in buckets outlives the engine.
    """
    deployment = Deployment.of(target)
    return sweep_all(deployment, tools_for(deployment, warn), Order(everything=True))
