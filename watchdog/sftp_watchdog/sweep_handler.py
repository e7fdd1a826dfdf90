"""Where Lambda comes in by the clock: one run of the scheduled sweep."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config as ClientConfig

from .config import Config, Report, reporter
from .errors import NoRoutesError
from .ledger import Ledger
from .metrics import Metric, Metrics
from .settings import Settings
from .sweep import sweep
from .sweep_run import Case, Order, Tools
from .versions import Versions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_s3.client import S3Client
    from types_boto3_sqs.client import SQSClient

# Of the function's time: to finish the page it is at, and to keep how far it is.
_MARGIN_SECONDS = 60
_IDS_FIRST = ["upload_id", "key", "outcome", "reason", "level", "message", "timestamp"]
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
    logger = Logger(service=settings.service, log_record_order=_IDS_FIRST)
    logger.append_keys(request_id=context.aws_request_id)
    metrics = Metrics(settings.namespace, settings.stack_name)
    report = reporter(logger, metrics)
    try:
        counts = sweep(_tools(settings, logger, report), _order(settings, event, context))
        logger.info("swept", extra=asdict(counts))
        metrics.count(Metric.SWEPT, counts.swept)
        metrics.count(Metric.LONG_WAITING, counts.long_waiting)
        return asdict(counts)
    except NoRoutesError as error:
        report("nothing is swept", error)
        raise
    finally:
        metrics.flush()


@dataclass(frozen=True)
class ScheduledSweep:
    """One run's parts: it logs what it puts back, and counts."""

    s3: S3Client
    sqs: SQSClient
    ledger: Ledger
    settings: Settings
    logger: Logger
    metrics: Metrics

def _tools(settings: Settings, logger: Logger, report: Report) -> Tools:
    def say(case: Case) -> None:
        ids = {"upload_id": case.upload.upload_id, "key": case.upload.key}
        outcome = "swept" if case.verdict == "lost" else "judged again"
        self.logger.info("upload put back", extra=ids | {"outcome": outcome, "reason": case.reason})
