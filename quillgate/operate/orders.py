"""Uploads that a person has told again: back on the queue, and written down with their name."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import compress
from typing import Any

from sftp_watchdog import requeue
from sftp_watchdog.entry import Entry, Step
from sftp_watchdog.events import Upload
from sftp_watchdog.ledger_names import Ref

from quillgate.operate.dead_letters import DeadLetters, Letter
from quillgate.operate.deployment import Deployment

_PUT_BACK = "put back by "
# Then it is overdue: the sweep puts it back again, and an alarm tells.
_TAKEN_WITHIN_SECONDS = 900
_AT_ONCE = 10


def is_order(step: Step) -> bool:
    """Whether a step is an order made here, and no try of the watchdog."""
    return step.reason.startswith(_PUT_BACK)


def person(deployment: Deployment) -> str:
    """Who orders: the AWS identity, or the user of this machine."""
    return deployment.target.caller() if deployment.target.environment == "aws" else local_user()


def local_user() -> str:
    """The name of this machine's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return f"user {os.getuid()}"


@dataclass(frozen=True)
class Orders:
    """Orders of one person.

    The ledger is told first: a worker may take the message before this goes on, and an entry that
    is being told must not be changed. A run that ends in between leaves a dead letter where it was,
    and an entry that gets overdue.
    """

    deployment: Deployment
    by: str

    def dead_letters(self, queue: DeadLetters, letters: Sequence[Letter]) -> None:
        """Put back up to ten dead letters: sent, and only then deleted."""
        uploads = [upload for letter in letters for upload in letter.uploads]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda upload: self._write_down(upload, "dead"), uploads))
        self._send([record for letter in letters for record in letter.records])
        queue.delete(letters)

    def entries(self, entries: Sequence[Entry], *, must: bool = False) -> int:
        """Put back what the ledger alone knows, but for those where a worker was faster.

        `must`: they are told although they were settled.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            ours = list(pool.map(lambda entry: self._write_down(entry, entry.outcome), entries))
        by = self.by if must else None
        return self._send([requeue.record(entry, by) for entry in compress(entries, ours)])

    def _write_down(self, upload: Upload | Entry, was: str) -> bool:
        ledger = self.deployment.ledger

        def ordered(entry: Entry) -> Entry | None:
            if entry.outcome != was:
                return None
            due = ledger.later(_TAKEN_WITHIN_SECONDS)
            return entry.moved(ledger.now(), "retrying", f"{_PUT_BACK}{self.by}", due=due)

        return bool(ledger.update(Ref.of(upload.key, upload.upload_id), ordered))

    def _send(self, records: Sequence[dict[str, Any]]) -> int:
        return requeue.send(self.deployment.client("sqs"), self.deployment.queue_url, records)
