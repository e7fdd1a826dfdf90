"""Puts uploads back on the queue: dead letters, and what the ledger alone still knows of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from math import inf

from sftp_watchdog.entry import Entry
from sftp_watchdog.events import Upload
from sftp_watchdog.evidence import Evidence
from sftp_watchdog.ledger_names import Ref

from quillgate.operate import versions
from quillgate.operate.dead_letters import DeadLetters, Letter
from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import Orders

_TOGETHER = 10
_FOREIGN_KEPT = 5  # to be shown
_KEYS_KEPT = 100  # to be put on record


@dataclass(frozen=True)
class Wanted:
    """Which uploads are meant: stored at `since` or later, of `key`, of one of its versions.

    Or what is in the dead letter `message_id`, and nothing besides. About `limit` dead letters are
    looked at, and as many entries; all without one.
    """

    since: datetime | None = None
    key: str | None = None
    version_id: str | None = None
    message_id: str | None = None
    limit: int | None = None

    def __call__(self, upload: Upload | Entry) -> bool:
        """Whether this one is."""
        return (
            (self.since is None or datetime.fromisoformat(upload.uploaded_at) >= self.since)
            and self.key in (None, upload.key)
            and self.version_id in (None, upload.version_id)
        )

    def is_in(self, letter: Letter) -> bool:
        """Whether a dead letter has one of them, or says of one whether it is whole."""
        if self.message_id not in (None, letter.message_id):
            return False
        return any(map(self, letter.uploads)) or any(map(self._is_about, letter.evidence))

    def _is_about(self, evidence: Evidence) -> bool:
        ended = datetime.fromisoformat(evidence.ended)
        return self.key in (None, evidence.key) and (self.since is None or ended >= self.since)


@dataclass
class Redriven:
    """What was done so far, in uploads; `others` are dead letters that were not meant.

    `said` is what became of the one upload that was named; `keys` are the first that were meant.
    """

    letters: int = 0
    entries: int = 0
    others: int = 0
    foreign: int = 0
    said: str = ""
    examples: list[Letter] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)

    @property
    def put_back(self) -> int:
        """All that is on the queue again."""
        return self.letters + self.entries

    def has(self, upload: Upload | Entry) -> bool:
        """Whether it was among the dead letters."""
        return upload.upload_id in self._ids

    def count(self, batch: list[Letter], taken: list[Letter]) -> None:
        """Add what became of a batch of dead letters."""
        uploads = [upload for letter in taken for upload in letter.uploads]
        evidence = [word for letter in taken for word in letter.evidence]
        foreign = [letter for letter in batch if not (letter.uploads or letter.evidence)]
        self._ids.update(upload.upload_id for upload in uploads)
        self.letters += len(uploads) + len(evidence)
        self.name([upload.key for upload in uploads] + [word.key for word in evidence])
        self.foreign += len(foreign)
        self.others += len(batch) - len(taken) - len(foreign)
        self.examples = [*self.examples, *foreign][:_FOREIGN_KEPT]

    def name(self, keys: list[str]) -> None:
        """Remember what was meant, for the record."""
        self.keys = [*self.keys, *keys][:_KEYS_KEPT]


def dead_letters(
    orders: Orders, wanted: Wanted, done: Redriven, say: Callable[[int], None]
) -> None:
    """Put the dead letters that are meant back; the others are as they were."""
    where = orders.deployment
    with DeadLetters(where.client("sqs"), where.dead_letter_queue_url) as queue:
        for batch in queue.batches(wanted.limit or inf):
            taken = [letter for letter in batch if wanted.is_in(letter)]
            orders.dead_letters(queue, taken)
            done.count(batch, taken)
            say(done.put_back)


def dead_entries(
    orders: Orders, wanted: Wanted, done: Redriven, say: Callable[[int], None]
) -> None:
    """Put back what is dead by the ledger but was not on the dead-letter queue.

    It was purged there, or lay there for longer than SQS keeps messages. `wanted` is of a time.
    """
    ledger = orders.deployment.ledger
    refs = islice(ledger.needing_attention("dead"), wanted.limit)
    while some := list(islice(refs, _TOGETHER)):
        entries = [held.entry for held in map(ledger.find, some) if held]
        dead = [entry for entry in entries if entry.outcome == "dead" and not done.has(entry)]
        meant = [entry for entry in dead if wanted(entry)]
        done.entries += orders.entries(meant)
        done.name([entry.key for entry in meant])
        say(done.put_back)
        if len(meant) < len(dead):
            return  # what follows is not meant either: the list begins with the newest


def newest_entry(deployment: Deployment, wanted: Wanted) -> Entry | None:
    """The entry of a key's newest version, or of the version that is wanted, if it has one.

    Raises NoUploadError when there is no such key or version.
    """
    s3, bucket, key = deployment.client("s3"), deployment.bucket, wanted.key or ""
    look = versions.every if wanted.version_id else versions.newest
    found = [each for each in look(s3, bucket, key) if not each.is_deletion]
    if not found:
        raise versions.none_of(s3, bucket, key)
    meant = [each for each in found if wanted.version_id in (None, each.version_id)]
    if not meant:
        raise versions.no_version(found, wanted.version_id or "")
    upload = meant[0].upload(bucket)
    held = deployment.ledger.find(Ref.of(key, upload.upload_id))
    return held.entry if held else None


def one_entry(orders: Orders, entry: Entry, done: Redriven) -> str:
    """Have an upload told whatever its state, unless Quill has it; says what was done.

    `entry` is as it was before the dead letters were put back.
    """
    name = f"{entry.key!r}, version {entry.version_id}"
    if entry.is_told:
        return f"not told again: {name} is {entry.outcome} since {entry.updated_at}"
    if done.has(entry) and not entry.is_settled:
        return f"was {entry.outcome}: {name}"
    if entry.is_held(orders.deployment.ledger.now()) or not orders.entries([entry], must=True):
        return f"not put back: {name} is being told at this moment"
    done.entries += 1
    return f"was {entry.outcome}: {name}"
