"""Servers and users in one SQLite file.

A change is on disk before it is answered, and a process that is killed leaves the state from
before or after it, never one between. Any number of threads may share a Store; other processes
open their own on the same file and read while one writes.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from emulator.transfer import rows
from emulator.transfer.errors import StoreError
from emulator.transfer.model import Server, User

T = TypeVar("T")

_FORMAT = 1
_BUSY_SECONDS = 5
_SCHEMA = """
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS servers (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS users (
        server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        UNIQUE (server_id, name)
    );
    CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY, number INTEGER NOT NULL);
    INSERT INTO revision VALUES (1, 0) ON CONFLICT DO NOTHING;
    PRAGMA user_version = 1;
    COMMIT;
"""


class Store:
    """The state of the control plane. Reading needs no transaction; changing does.

    The file is made 0600, its folder 0700 if it is not there: host keys are kept in it.
    Raises StoreError whenever the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._guarded():
            _make_private(path)
            self._db = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def servers(self) -> list[Server]:
        """All servers, by id."""
        return self.server_page(after="", limit=-1)

    def server(self, server_id: str) -> Server | None:
        """One server, or None."""
        query = "SELECT document FROM servers WHERE id = ?"
        return next(iter(self._read(rows.server, query, server_id)), None)

    def server_page(self, *, after: str, limit: int) -> list[Server]:
        """Up to `limit` servers (-1: all) whose ids come after `after`, by id."""
        query = "SELECT document FROM servers WHERE id > ? ORDER BY id LIMIT ?"
        return self._read(rows.server, query, after, limit)

    def user(self, server_id: str, user_name: str) -> User | None:
        """One user with his keys, or None. Names are case-sensitive."""
        query = "SELECT document FROM users WHERE server_id = ? AND name = ?"
        return next(iter(self._read(rows.user, query, server_id, user_name)), None)

    def user_page(self, server_id: str, *, after: str, limit: int) -> list[User]:
        """Up to `limit` users (-1: all) whose names come after `after`, by name."""
        query = "SELECT document FROM users WHERE server_id = ? AND name > ? ORDER BY name LIMIT ?"
        return self._read(rows.user, query, server_id, after, limit)

    def user_count(self, server_id: str) -> int:
        """Number of users of a server."""
        return self._read(int, "SELECT count(*) FROM users WHERE server_id = ?", server_id)[0]

    def revision(self) -> int:
        """Rises with every change, over restarts too: unchanged means nothing changed."""
        return self._read(int, "SELECT number FROM revision")[0]

    @contextmanager
    def transaction(self) -> Iterator[Change]:
        """All or nothing, one at a time over all threads and processes; durable at its end.

        What is read within sees the latest state. An exception undoes everything.
        """
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield Change(self._db)
                self._db.execute("UPDATE revision SET number = number + 1")
                self._db.execute("COMMIT")
            except BaseException:
                self._db.rollback()
                raise

    def close(self) -> None:
        """Free the file."""
        with self._guarded():
            self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found not in (0, _FORMAT):
            raise StoreError(self.path, f"its format is {found}, this version knows {_FORMAT}")
        if found == 0:
            self._db.executescript(_SCHEMA)

    def _read(self, read: Callable[[str], T], query: str, *values: str | int) -> list[T]:
        with self._guarded():
            column = [row[0] for row in self._db.execute(query, values)]
        try:
            return [read(value) for value in column]
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(self.path, f"a damaged row: {error}") from error

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(self.path, error) from error


class Change:
    """What a transaction may do. Putting replaces what has the same id or name."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put_server(self, server: Server) -> None:
        """Add or replace a server; its users stay."""
        self._db.execute(
            "INSERT INTO servers VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET document = excluded.document",
            (server.id, rows.document(server)),
        )

    def delete_server(self, server_id: str) -> None:
        """Remove a server and its users."""
        self._db.execute("DELETE FROM servers WHERE id = ?", (server_id,))

    def put_user(self, user: User) -> None:
        """Add or replace a user; the server must be there."""
        self._db.execute(
            "INSERT INTO users VALUES (?, ?, ?)"
            " ON CONFLICT (server_id, name) DO UPDATE SET document = excluded.document",
            (user.server_id, user.name, rows.document(user)),
        )

    def delete_user(self, server_id: str, user_name: str) -> None:
        """Remove a user and his keys."""
        self._db.execute(
            "DELETE FROM users WHERE server_id = ? AND name = ?", (server_id, user_name)
        )


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of the file they belong to.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
