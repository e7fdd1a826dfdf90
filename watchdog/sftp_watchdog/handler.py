"""Where Lambda comes in."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config as ClientConfig

from .backoff import Backoff
from .config import Config, reporter
from .ledger import Ledger
from .log import logger_for
from .metrics import Metrics
from .outcome import Clerk
from .quill import Quill
from .secret import SecretStore
from .settings import Settings
from .watchdog import Watchdog

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


# A call that hangs must not eat the time of a whole batch; what fails is tried again anyway.
_CLIENTS = ClientConfig(
    connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Tell Quill about the uploads in a batch of messages.

    `event` is what SQS hands to Lambda:

        {
          "Records": [
            {
              "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
              "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
              "body": "{\\"Records\\": [...]}",
              "attributes": {"ApproximateReceiveCount": "1"},
              "eventSource": "aws:sqs"
            }
          ]
        }

    and each `body` is an S3 event, or one of Transfer's (see `evidence`):

        {
          "Records": [
            {
              "eventVersion": "2.1",
              "eventSource": "aws:s3",
              "eventTime": "2026-11-23T09:00:00.000Z",
              "eventName": "ObjectCreated:Put",
              "s3": {
                "bucket": {"name": "prod-sftp-drop-123456789012"},
                "object": {
                  "key": "acme/incoming/eu/q3+sales.csv",
                  "size": 1234,
                  "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                  "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                  "sequencer": "0055AED6DCD90281E5"
                }
              }
            }
          ]
        }

    The answer names the messages that stay on the queue; an empty list means that all are done:

        {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]}
    """
    return _watchdog().handle(event, context)


@cache
def _watchdog() -> Watchdog:
    """The worker's parts, made at the first batch: importing this file needs no environment."""
    return build(Settings.from_environ(os.environ))


def build(settings: Settings) -> Watchdog:
    """A watchdog on AWS's own clients, as Lambda's environment names their endpoints."""
    s3 = boto3.client("s3", config=_CLIENTS)
    logger = logger_for(settings)
    secrets = SecretStore(
        SecretsProvider(boto3_client=boto3.client("secretsmanager", config=_CLIENTS)),
        settings.secret_id,
        settings.config_max_age_seconds,
    )
    metrics = Metrics(settings.namespace, settings.stack_name)
    ledger = Ledger(s3, settings.ledger_bucket)
    config = Config(s3, settings, ledger, reporter(logger, metrics))
    timeout = settings.quill_timeout_seconds
    return Watchdog(
        clerk=Clerk(config, ledger, Quill(secrets, timeout), s3, settings.bucket, timeout),
        sqs=boto3.client("sqs", config=_CLIENTS),
        queue_url=settings.queue_url,
        backoff=Backoff(settings.retry_base_seconds, settings.retry_max_seconds),
        max_receive_count=settings.max_receive_count,
        logger=logger,
        metrics=metrics,
    )
