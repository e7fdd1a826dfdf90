"""Where Lambda comes in by the clock: one run of the scheduled sweep."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config as ClientConfig

from .config import Config, reporter
from .errors import NoRoutesError
from .ledger import Ledger
from .metrics import Metric, Metrics
from .settings import Settings
from .sweep import sweep
from .sweep_run import Case, Order, Tools
from .versions import Versions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

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
         "is_complete": true}
    """
    settings = Settings.from_environ(os.environ)
    logger = Logger(service=settings.service, log_record_order=_IDS_FIRST)
    logger.append_keys(request_id=context.aws_request_id)
    metrics = Metrics(settings.namespace, settings.stack_name)
    try:
        counts = sweep(_tools(settings, logger, metrics), _order(settings, event, context))
        logger.info("swept", extra=asdict(counts))
        metrics.count(Metric.SWEPT, counts.swept)
        metrics.count(Metric.LONG_WAITING, counts.long_waiting)
        return asdict(counts)
    except NoRoutesError as error:
        logger.error("nothing is swept", extra={"reason": str(error)})
        metrics.count(Metric.MISCONFIGURED)
        raise
    finally:
        metrics.flush()


def _order(settings: Settings, event: dict[str, Any], context: LambdaContext) -> Order:
    return Order(
        grace_seconds=float(event.get("grace_seconds", settings.sweep_grace_seconds)),
        everything=event.get("everything") is True,
        resume=True,
        pages=settings.sweep_pages,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS,
    )


def _tools(settings: Settings, logger: Logger, metrics: Metrics) -> Tools:
    def say(case: Case) -> None:
        ids = {"upload_id": case.upload.upload_id, "key": case.upload.key}
        outcome = "swept" if case.verdict == "lost" else "judged again"
        logger.info("upload put back", extra=ids | {"outcome": outcome, "reason": case.reason})

    s3, sqs = boto3.client("s3", config=_CLIENTS), boto3.client("sqs", config=_CLIENTS)
    ledger = Ledger(s3, settings.ledger_bucket)
    config = Config(s3, settings, ledger, reporter(logger, metrics))
    return Tools(Versions(s3, settings.bucket), ledger, config, sqs, settings, say)
