"""What Quill received, on disk: one row for one id, durable before the caller hears 202.

A row is `failed` or `rejected` until a call is accepted. `accepted` and `withdrawn` are settled:
later calls for the id only raise `attempts`. Until then each call replaces the notification, so a
file that was first told to the wrong project is kept as it was told last.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulator.quill.contract import Notification

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: jobs of cleared rows find none
    id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    key TEXT NOT NULL,
    notification TEXT NOT NULL,
    received_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    status TEXT NOT NULL,
    receipt TEXT,
    reason TEXT,
    story_key TEXT,
    story_error TEXT,
    story TEXT
)
"""
_RECORD = """
INSERT INTO items (id, project, key, notification, received_at, attempts, status, receipt, reason)
VALUES (:id, :project, :key, :notification, :received_at, 1, :status, :receipt, :reason)
ON CONFLICT (id) DO UPDATE SET
    attempts = attempts + 1,
    receipt = coalesce(receipt, excluded.receipt),
    project = iif(status IN ('accepted', 'withdrawn'), project, excluded.project),
    key = iif(status IN ('accepted', 'withdrawn'), key, excluded.key),
    notification = iif(status IN ('accepted', 'withdrawn'), notification, excluded.notification),
    reason = iif(status IN ('accepted', 'withdrawn'), reason, excluded.reason),
    status = iif(status IN ('accepted', 'withdrawn'), status, excluded.status)
RETURNING seq, receipt, status, attempts
"""
_SHOWN = ("received_at", "attempts", "status", "receipt", "story_key")
# Beyond the interface, and there only when there is something to say.
_WORDS = ("reason", "story_error")


@dataclass(frozen=True)
class Recorded:
    """One call, as the inbox holds it now. `fresh`: this call is the one that was accepted."""

    seq: int
    receipt: str | None
    status: str
    attempts: int
    fresh: bool


@dataclass(frozen=True)
class Job:
    """A story to be told. `received_at`: when Quill first heard of the file, ISO 8601, UTC."""

    seq: int
    notification: Notification
    received_at: str


class Inbox:
    """The rows. Every method may be called from any thread; each is one transaction."""

    def __init__(self, path: Path) -> None:
        """Opens or creates `path`; raises `sqlite3.Error` when it is no inbox."""
        self._lock = threading.Lock()
        self._delivery = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_SCHEMA)

    def accept(self, notification: Notification) -> tuple[str, Recorded]:
        """The receipt, the same for every call with this id; a withdrawn one stays withdrawn."""
        offered = f"receipt-{secrets.token_hex(8)}"
        recorded = self._record(notification, "accepted", receipt=offered)
        return recorded.receipt or offered, recorded

    def turn_away(self, notification: Notification) -> Recorded:
        """A call that got no receipt."""
        return self._record(notification, "failed")

    def reject(self, notification: Notification, reason: str) -> Recorded:
        """A call that Quill refused for good, with its words."""
        return self._record(notification, "rejected", reason=reason)

    def withdraw(self, project: str, file_id: str) -> bool:
        """No story for this one any more; False when it is unknown. Waits for a story being put."""
        with self._delivery:
            changed = self._write(
                "UPDATE items SET status = 'withdrawn' WHERE project = ? AND id = ?",
                project,
                file_id,
            )
        return bool(changed)

    def clear(self) -> None:
        """Forget everything. Waits for a story being put."""
        with self._delivery:
            self._write("DELETE FROM items")

    def deliver(self, job: Job, text: str, put: Callable[[str, str], None]) -> bool:
        """Call `put(story_key, text)` and record it, unless the story is not wanted any more.

        Holds off `withdraw` and `clear` meanwhile: once they return, no story of theirs appears.
        """
        told, key = job.notification, job.notification.story_key
        with self._delivery:
            if self.job(job.seq) is None:
                return False
            # Told late, the story of an older upload must not take the place of a newer one's.
            newer = self._read(
                "SELECT 1 FROM items WHERE story_key = ? "
                "AND json_extract(notification, '$.bucket') = ? "
                "AND json_extract(notification, '$.uploaded_at') > ?",
                key,
                told.bucket,
                told.uploaded_at,
            )
            if not newer:
                put(key, text)
            self._write(
                "UPDATE items SET story_key = ?, story = ?, story_error = NULL WHERE seq = ?",
                key,
                text,
                job.seq,
            )
        return True

    def give_up(self, job: Job, words: str) -> None:
        """No story came of it, and why."""
        self._write("UPDATE items SET story_error = ? WHERE seq = ?", words, job.seq)

    def job(self, seq: int) -> Job | None:
        """The story still to be told for this row, if any."""
        rows = self._read(
            "SELECT notification, received_at FROM items "
            "WHERE seq = ? AND status = 'accepted' AND story_key IS NULL",
            seq,
        )
        for row in rows:
            notification = Notification.model_validate_json(row["notification"])
            return Job(seq, notification, row["received_at"])
        return None

    def unwritten(self) -> list[int]:
        """Rows accepted, with no story yet."""
        rows = self._read(
            "SELECT seq FROM items WHERE status = 'accepted' AND story_key IS NULL ORDER BY seq"
        )
        return [row["seq"] for row in rows]

    def items(
        self, *, project: str | None = None, key: str | None = None, last: int | None = None
    ) -> list[dict[str, Any]]:
        """The rows in order of arrival, as the control side shows them; `last` n of them."""
        rows = self._read(
            "SELECT * FROM items WHERE project = coalesce(?1, project) AND key = coalesce(?2, key) "
            "ORDER BY seq DESC LIMIT ?3",
            project,
            key,
            -1 if last is None else last,
        )
        return [_shown(row) for row in reversed(rows)]

    def story(self, file_id: str) -> str | None:
        """The text that was delivered for this id."""
        for row in self._read("SELECT story FROM items WHERE id = ?", file_id):
            return None if row["story"] is None else str(row["story"])
        return None

    def close(self) -> None:
        """Release the file; no method may be called afterwards."""
        with self._lock:
            self._db.close()

    def _record(
        self,
        notification: Notification,
        status: str,
        *,
        receipt: str | None = None,
        reason: str | None = None,
    ) -> Recorded:
        values = {
            "id": notification.id,
            "project": notification.project,
            "key": notification.key,
            "notification": notification.model_dump_json(),
            "received_at": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "status": status,
            "receipt": receipt,
            "reason": reason,
        }
        with self._lock, self._db as transaction, closing(transaction.cursor()) as cursor:
            row = cursor.execute(_RECORD, values).fetchall()[0]
        fresh = row["status"] == "accepted" and receipt is not None and row["receipt"] == receipt
        return Recorded(row["seq"], row["receipt"], row["status"], row["attempts"], fresh)

    def _write(self, statement: str, *values: object) -> int:
        with self._lock, self._db as transaction:
            return transaction.execute(statement, values).rowcount

    def _read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    words = {name: row[name] for name in _WORDS if row[name] is not None}
    return {**json.loads(row["notification"]), **{name: row[name] for name in _SHOWN}, **words}
