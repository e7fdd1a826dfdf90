"""The dead-letter queue, looked through without losing anything of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Self

from sftp_watchdog.errors import MessageError
from sftp_watchdog.events import NoUpload, Upload, read, records
from sftp_watchdog.evidence import Evidence

from quillgate.operate.queues import depth

_BATCH = 10  # SQS gives and takes no more in one call
# All are visible again at the end of the look; this is for one that is killed.
_HIDDEN_SECONDS = 900
_GLANCE_SECONDS = 30
# Asks all of SQS's servers: a short poll may find nothing although there is something.
_WAIT_SECONDS = 1


@dataclass(frozen=True)
class Letter:
    """A message, its records, and the uploads in them or what Transfer says of some; all empty when
    it is no event of theirs.
    """

    message_id: str
    handle: str
    body: str
    records: tuple[Any, ...] = ()
    uploads: tuple[Upload, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @classmethod
    def of(cls, message: dict[str, Any]) -> Letter:
        """Read a message as SQS gives it."""
        letter = (message["MessageId"], message["ReceiptHandle"], message["Body"])
        try:
            whole = tuple(records(message["Body"]))
        except MessageError:
            return cls(*letter)
        found = list(_read(whole))
        uploads = tuple(each for each in found if isinstance(each, Upload))
        evidence = tuple(each for each in found if isinstance(each, Evidence))
        return cls(*letter, whole, uploads, evidence)


class DeadLetters:
    """As a context: a look through the queue. At its end, whatever happens meanwhile, all that was
    received and not deleted is visible again.
    """

    def __init__(self, sqs: Any, queue_url: str, hidden_seconds: int = _HIDDEN_SECONDS) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._hidden_seconds = hidden_seconds
        self._held: dict[str, str] = {}  # handles, by message id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        held = list(self._held.values())
        for start in range(0, len(held), _BATCH):
            # What fails here is visible again when its time is over.
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {**entry, "VisibilityTimeout": 0}
                    for entry in _entries(held[start : start + _BATCH])
                ],
            )

    def batches(self, limit: float = inf) -> Iterator[list[Letter]]:
        """All that is visible, each message once, up to ten at a time; about `limit` of them."""
        seen = 0
        while seen < limit and (letters := self._receive()):
            fresh = [letter for letter in letters if letter.message_id not in self._held]
            self._held |= {letter.message_id: letter.handle for letter in letters}
            if not fresh:
                return
            seen += len(fresh)
            yield fresh

    def holds(self, upload_id: str, limit: int) -> bool | None:
        """Whether an upload is among them; None when it is not among about the first `limit`."""
        looked_at = 0
        for batch in self.batches(limit):
            looked_at += len(batch)
            if any(upload.upload_id == upload_id for each in batch for upload in each.uploads):
                return True
        return None if looked_at >= limit else False

    def delete(self, letters: Sequence[Letter]) -> None:
        """Take up to ten off the queue; what SQS fails to delete comes again, which is harmless."""
        if not letters:
            return
        entries = _entries([letter.handle for letter in letters])
        answer = self._sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
        for done in answer.get("Successful", []):
            del self._held[letters[int(done["Id"])].message_id]

    def _receive(self) -> list[Letter]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=self._hidden_seconds,
            WaitTimeSeconds=_WAIT_SECONDS,
        )
        return [Letter.of(message) for message in answer.get("Messages", [])]


def glance(sqs: Any, queue_url: str, limit: int) -> list[Letter]:
    """Some of the dead letters, about `limit` at the most; they are visible again at once.

    The queue is not asked for more than it says it has: to find that it is empty takes a second.
    """
    some = min(limit, depth(sqs, queue_url).waiting)
    with DeadLetters(sqs, queue_url, _GLANCE_SECONDS) as queue:
        return [letter for batch in queue.batches(some) for letter in batch]


def _read(found: Sequence[Any]) -> Iterator[Upload | Evidence | NoUpload]:
    for each in found:
        with suppress(MessageError):
            yield read(each)


def _entries(handles: Sequence[str]) -> list[dict[str, Any]]:
    return [{"Id": str(number), "ReceiptHandle": each} for number, each in enumerate(handles)]
