"""A whole watchdog, put together from stand-ins."""

from __future__ import annotations

import logging
import uuid
from typing import Any, cast

from aws_lambda_powertools import Logger
from sftp_watchdog.backoff import Backoff
from sftp_watchdog.config import Config
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.metrics import Metrics
from sftp_watchdog.outcome import Clerk
from sftp_watchdog.settings import Settings
from sftp_watchdog.watchdog import Watchdog

from tests.unit.hostile_events import BUCKET


def watchdog_on(s3: Any, ledger: Ledger, quill: Any, sqs: Any, log: Any) -> Watchdog:
    """A watchdog for the bucket of `GOOD`, whose routes can be read; `log` is a text stream."""
    own = Settings(BUCKET, ledger.bucket, "secret-1", "http://queue")
    config = Config(s3, own, ledger, _unreadable)
    name = f"watchdog-{uuid.uuid4()}"
    # Nobody else keeps its lines, which may be millions.
    logging.getLogger(name).propagate = False
    return Watchdog(
        clerk=Clerk(config, ledger, quill, s3, BUCKET, 5),
        sqs=cast("Any", sqs),
        queue_url=own.queue_url,
        backoff=Backoff(30, 900),
        max_receive_count=110,
        logger=Logger(service=name, stream=log),
        metrics=Metrics("Quillgate", "stack-1"),
    )


def _unreadable(what: str, error: Exception) -> None:
    raise AssertionError(what) from error
