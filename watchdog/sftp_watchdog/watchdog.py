"""A batch of messages: each upload gets its outcome, and what failed goes back to the queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from botocore.exceptions import BotoCoreError, ClientError

from . import events
from .errors import LedgerError, RetryLaterError, TakenError, WatchdogError
from .events import NoUpload, Upload
from .evidence import Evidence
from .metrics import Metric

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_sqs.client import SQSClient

    from .backoff import Backoff
    from .metrics import Metrics
    from .outcome import Clerk


@dataclass(frozen=True)
class Failure:
    """What has to be tried again, and why."""

    error: Exception
    upload: Upload | None = None

    @property
    def after(self) -> int:
        """The seconds the other side asked for."""
        return (isinstance(self.error, RetryLaterError) and self.error.after) or 0

    @property
    def heals(self) -> bool:
        """Whether trying again can help."""
        return isinstance(self.error, RetryLaterError)

    @property
    def is_misconfigured(self) -> bool:
        """Whether it lasts until a person changes something."""
        return isinstance(self.error, WatchdogError) and self.error.misconfigured

    @property
    def reason(self) -> str:
        """Why, in words."""
        return str(self.error) or type(self.error).__name__

    @property
    def fields(self) -> dict[str, str]:
        """Its part of the log line."""
        return _ids(self.upload) | {"reason": self.reason}


@dataclass(frozen=True)
class Watchdog:
    """One worker's parts, used for one batch after the other."""

    clerk: Clerk
    sqs: SQSClient
    queue_url: str
    backoff: Backoff
    max_receive_count: int
    logger: Logger
    metrics: Metrics

    def handle(self, event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        """Take one batch from SQS; the answer names the messages that stay on the queue."""
        self.logger.append_keys(request_id=context.aws_request_id)
        try:
            return process_partial_response(
                event=event,
                record_handler=partial(self._message, context=context),
                processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
            )
        finally:
            self.metrics.flush()

    def _message(self, record: SQSRecord, context: LambdaContext) -> None:
        """Try every upload in a message; if one fails the message does, after its siblings."""
        self.logger.append_keys(message_id=record.get("messageId"))
        receives = _receives(record)
        try:
            found = events.records(record.get("body"))
        except WatchdogError as error:
            failures = [Failure(error)]
        else:
            failures = [
                failure for each in found for failure in self._record(each, receives, context)
            ]
            if not found:
                self.logger.info("not an upload", extra={"reason": "an event without records"})
        if failures:
            self._send_back(record, receives, failures)
            raise failures[0].error

    def _record(self, record: object, receives: int, context: LambdaContext) -> list[Failure]:
        """Try every upload a record is about; gives what failed."""
        upload = None
        try:
            found = events.read(record)
            if isinstance(found, NoUpload):
                self.logger.info("not an upload", extra={"reason": found.reason})
                return []
            upload = found if isinstance(found, Upload) else None
            uploads = self.clerk.uploads(found)
        except WatchdogError as error:
            return [Failure(error, upload)]
        except Exception as error:
            return [self._unforeseen(error, upload)]
        if isinstance(found, Evidence):
            about = {"key": found.key, "reason": found.reason, "uploads": len(uploads)}
            self.logger.info("evidence", extra=about)
        tried = [self._try(each, receives, context) for each in uploads]
        return [failure for failure in tried if failure]

    def _try(self, upload: Upload, receives: int, context: LambdaContext) -> Failure | None:
        try:
            self._settle(upload, receives, lambda: context.get_remaining_time_in_millis() / 1000)
        except WatchdogError as error:
            return Failure(error, upload)
        except Exception as error:
            return self._unforeseen(error, upload)
        return None

    def _unforeseen(self, error: Exception, upload: Upload | None) -> Failure:
        """A mistake of ours must not take the other uploads of the batch with it."""
        self.logger.exception("unforeseen error")
        return Failure(error, upload)

    def _settle(self, upload: Upload, receives: int, seconds_left: Callable[[], float]) -> None:
        outcome = self.clerk.settle(upload, seconds_left)
        self.logger.info(
            f"upload {outcome.outcome}",
            extra=_ids(upload) | asdict(outcome) | {"attempts": receives},
        )
        self.metrics.count(Metric(outcome.outcome.capitalize()))
        if outcome.outcome == "accepted":
            taken = time.time() - datetime.fromisoformat(upload.uploaded_at).timestamp()
            self.metrics.took(Metric.SECONDS_TO_RECEIPT, taken)

    def _send_back(self, record: SQSRecord, receives: int, failures: list[Failure]) -> None:
        """Hide the message until its next try, and log when that is for each upload that failed."""
        delay = self.backoff.delay(receives, max(failure.after for failure in failures))
        shared: dict[str, Any] = {"attempts": receives, "retry_in_seconds": delay}
        for failure in failures:
            log = self.logger.warning if failure.heals else self.logger.error
            log("retry", extra=failure.fields | shared)
            self.metrics.count(Metric.RETRIED)
            if failure.is_misconfigured:
                self.metrics.count(Metric.MISCONFIGURED)
            self._keep(failure, delay, is_last=receives >= self.max_receive_count)
        try:
            self.sqs.change_message_visibility(
                QueueUrl=self.queue_url,
                ReceiptHandle=record["receiptHandle"],
                VisibilityTimeout=delay,
            )
        except (BotoCoreError, ClientError, KeyError) as error:
            # The message still comes back, after the queue's own visibility time-out.
            self.logger.error("back-off not set", extra={"reason": str(error)})

    def _keep(self, failure: Failure, delay: int, *, is_last: bool) -> None:
        """Tell the ledger of a try that failed; the message comes back even if that fails, too."""
        if failure.upload is None or isinstance(failure.error, TakenError):
            return
        try:
            self.clerk.failed(failure.upload, failure.reason, delay, is_last=is_last)
        except LedgerError as error:
            reason = {"reason": str(error)}
            self.logger.error("not in the ledger", extra=_ids(failure.upload) | reason)


def _receives(record: SQSRecord) -> int:
    """How often SQS has handed out the message; 1 when it does not say so."""
    try:
        return int(record["attributes"]["ApproximateReceiveCount"])
    except (LookupError, TypeError, ValueError, OverflowError):
        return 1


def _ids(upload: Upload | None) -> dict[str, str]:
    return {"upload_id": upload.upload_id, "key": upload.key} if upload else {}
