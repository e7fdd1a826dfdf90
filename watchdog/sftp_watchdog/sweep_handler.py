"""Where Lambda comes in by the clock: one run of the scheduled sweep."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig

from .config import Config, reporter
from .errors import NoRoutesError
from .ledger import Ledger
from .log import logger_for
from .metrics import Metric, Metrics
from .settings import Settings
from .sweep import sweep
from .sweep_evidence import LogSweep
from .sweep_run import Case, Order, Tools
from .versions import Versions

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_s3.client import S3Client
    from types_boto3_sqs.client import SQSClient

# Of the function's time: to finish the page it is at, and to keep how far it is.
_MARGIN_SECONDS = 60
_CLIENTS = ClientConfig(
    connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4}
)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Sweep as far as the function's time goes, from where the last run ended.

    `event` is EventBridge's, of which nothing is used. Whoever invokes the function by hand may
    say `{"grace_seconds": 0}`, and `"everything": true` after the queues were lost. The answer is
    what was counted:

        {"looked_at": 1200, "swept": 1, "judged_again": 0, "long_waiting": 0, "requests": 2,
         "passed_over": 0, "is_complete": true}
    """
    scheduled = build(Settings.from_environ(os.environ))
    scheduled.logger.append_keys(request_id=context.aws_request_id)
    return scheduled.run(event, lambda: context.get_remaining_time_in_millis() / 1000)


def build(settings: Settings) -> ScheduledSweep:
    """A sweep on AWS's own clients, as Lambda's environment names their endpoints."""
    s3, sqs = boto3.client("s3", config=_CLIENTS), boto3.client("sqs", config=_CLIENTS)
    logger = logger_for(settings)
    metrics = Metrics(settings.namespace, settings.stack_name)
    ledger = Ledger(s3, settings.ledger_bucket)
    logs = boto3.client("logs", config=_CLIENTS)
    log = LogSweep(logs, settings.transfer_log_group, ledger, sqs, settings.queue_url)
    return ScheduledSweep(s3, sqs, ledger, settings, logger, metrics, log)


@dataclass(frozen=True)
class ScheduledSweep:
    """One run's parts: it logs what it puts back, and counts.

    `log` goes through Transfer's; None where there is none.
    """

    s3: S3Client
    sqs: SQSClient
    ledger: Ledger
    settings: Settings
    logger: Logger
    metrics: Metrics
    log: LogSweep | None = None

    def run(self, event: dict[str, Any], seconds_left: Callable[[], float]) -> dict[str, Any]:
        """Sweep as `event` says; raises what `sweep` and LogSweep raise."""
        order = Order(
            grace_seconds=float(event.get("grace_seconds", self.settings.sweep_grace_seconds)),
            everything=event.get("everything") is True,
            resume=True,
            pages=self.settings.sweep_pages,
            seconds_left=lambda: seconds_left() - _MARGIN_SECONDS,
        )
        try:
            tools = self._tools()
            counts = sweep(tools, order)
            self.logger.info("swept", extra=asdict(counts))
            self.metrics.count(Metric.SWEPT, counts.swept)
            self.metrics.count(Metric.LONG_WAITING, counts.long_waiting)
            if self.log:
                queued = self.log.run(tools.config.current(), order)
                self.logger.info("Transfer's log read", extra={"queued": queued})
            return asdict(counts)
        except NoRoutesError as error:
            reporter(self.logger, self.metrics)("nothing is swept", error)
            raise
        finally:
            self.metrics.flush()

    def _tools(self) -> Tools:
        report = reporter(self.logger, self.metrics)
        config = Config(self.s3, self.settings, self.ledger, report)
        versions = Versions(self.s3, self.settings.bucket)
        return Tools(versions, self.ledger, config, self.sqs, self.settings, self._say)

    def _say(self, case: Case) -> None:
        ids = {"upload_id": case.upload.upload_id, "key": case.upload.key}
        outcome = "swept" if case.verdict == "lost" else "judged again"
        self.logger.info("upload put back", extra=ids | {"outcome": outcome, "reason": case.reason})
