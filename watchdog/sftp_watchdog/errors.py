"""What can go wrong in the watchdog. None of it loses an upload: its message stays on the queue.

WatchdogError
├── SettingsError          the function's environment is wrong: the whole batch goes back
├── RoutesError            `watchdog.config` cannot be used; tells every problem and its line
├── QueueError             the queue takes nothing
├── BucketError            the uploads' bucket cannot be listed
├── LogError               Transfer's log cannot be read
├── MessageError           no event of S3 or Transfer: ends on the dead-letter queue
└── RetryLaterError        nothing is wrong with the upload: its message comes back later
    ├── NoRoutesError      `watchdog.config` is missing, out of reach or broken, and never was good
    ├── NoSecretError      the secret cannot be read, or lacks `quill_url` or `token`
    ├── NoUploaderError    S3 would not say who uploaded the object
    ├── NoVersionsError    S3 would not list the versions of an object, or has none that fits
    ├── NoReceiptError     Quill is away, or answered with something that is no receipt
    │   └── RefusedError   Quill refused the token, or knows neither the project nor the address
    ├── OutOfTimeError     the invocation ends too soon for another call to Quill
    └── LedgerError        the ledger cannot be read or written
        └── TakenError     another worker is at the same upload
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

# What AWS says as long as nobody changes something; a HEAD has no words and gives the status.
_REFUSALS = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "InvalidRequestException",  # Secrets Manager: the secret is marked for deletion
    "NoSuchBucket",
    "NoSuchKey",
    "ResourceNotFoundException",
}


def http_status(error: ClientError) -> int:
    """The status that AWS answered with."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


class WatchdogError(Exception):
    """Any error the watchdog foresees; its text is `what failed: 'value' - what to do`."""

    _is_a_mistake = False

    @property
    def misconfigured(self) -> bool:
        """Whether it lasts until a person changes something; AWS being away passes by itself."""
        for cause in _causes(self):
            if isinstance(cause, ClientError):
                return cause.response["Error"].get("Code", "") in _REFUSALS
            if isinstance(cause, BotoCoreError):
                return False
        return self._is_a_mistake


def _causes(error: BaseException) -> Iterator[BaseException]:
    while cause := error.__cause__:
        yield cause
        error = cause


class SettingsError(WatchdogError):
    """The environment of the function lacks a value or holds a wrong one."""


class QueueError(WatchdogError):
    """SQS refused or failed to take messages."""


class BucketError(WatchdogError):
    """S3 refused or failed to list what is in the uploads' bucket."""


class LogError(WatchdogError):
    """CloudWatch Logs refused or failed to give the lines of a log group."""


class MessageError(WatchdogError):
    """A message (or one record in it) that is no event of S3 or Transfer, or of another bucket.

    It fails, so that it ends on the dead-letter queue where a person can look at it.
    """


@dataclass(frozen=True)
class Problem:
    """One thing wrong in `watchdog.config`, and its line, counted from 1."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class RoutesError(WatchdogError):
    """The routes cannot be used. `problems` holds everything wrong, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        more = [f"and {len(problems) - 10} more"] if len(problems) > 10 else []
        super().__init__("; ".join([*map(str, self.problems[:10]), *more]))


class RetryLaterError(WatchdogError):
    """Policy: the message stays on the queue, hidden for the back-off of its receive count.

    `after` is how many seconds the other side asked for (Retry-After): the wait is at least that
    long, up to RETRY_MAX_SECONDS. There is no end to it but the queue's own: after
    `maxReceiveCount` receives SQS moves the message to the dead-letter queue.
    """

    def __init__(self, reason: str, after: int | None = None) -> None:
        super().__init__(reason)
        self.after = after


class NoRoutesError(RetryLaterError):
    """There are no routes to go by. Heals when a good `watchdog.config` is stored."""

    _is_a_mistake = True


class NoSecretError(RetryLaterError):
    """There is no usable secret. Heals when it is put right."""

    _is_a_mistake = True


class NoUploaderError(RetryLaterError):
    """S3 refused or failed HeadObject: a missing permission must not pass in silence."""


class NoVersionsError(RetryLaterError):
    """S3 refused or failed ListObjectVersions, or does not have yet what Transfer speaks of."""


class NoReceiptError(RetryLaterError):
    """Quill gave neither a receipt nor a rejection: out of reach, overloaded, or a wrong token."""


class RefusedError(NoReceiptError):
    """Quill answered 401, 403 or 404. Heals when the secret is put right, or the route's project.

    404 may also be a Quill that is just being deployed: the alarm ends by itself then.
    """

    _is_a_mistake = True


class OutOfTimeError(RetryLaterError):
    """Too little time is left in this invocation: not tried at all."""


class LedgerError(RetryLaterError):
    """S3 failed or refused the ledger: without it Quill might be told twice, so it is not told."""


class TakenError(LedgerError):
    """Another worker is at the same upload, or was first to change its entry."""
