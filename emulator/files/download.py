"""A file being read, in any order, with bounded memory.

The GET opened at OPEN is held, so a file overwritten meanwhile is read to its end as it was. What
is asked for anew, after a jump or a broken connection, must have the same ETag: other bytes are
never mixed in. (Versions cannot be pinned: users have no `s3:GetObjectVersion`.)
"""

from __future__ import annotations

import time
from concurrent.futures import Executor
from threading import Lock
from typing import TYPE_CHECKING

from emulator.files.cursor import Cursor
from emulator.files.errors import s3_errors

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client

CURSORS = 2  # clients that prefetch and read beside it are in two places at once


class Download:
    """One open file of `size` bytes; may be used from several threads.

    `opened_at` is in nanoseconds since the epoch; `bytes_out` counts what was read, twice if twice.
    """

    def __init__(self, path: str, s3: S3Client, bucket: str, key: str, workers: Executor) -> None:
        self.path = path
        self.opened_at = time.time_ns()
        self.bytes_out = 0
        self._s3, self._bucket, self._key, self._workers = s3, bucket, key, workers
        self._lock = Lock()
        with s3_errors():
            answer = s3.get_object(Bucket=bucket, Key=key)
        self.size = answer["ContentLength"]
        self.modified = answer["LastModified"].timestamp()
        self._etag = answer["ETag"]
        self._cursors = [Cursor(self._fetch, workers, 0, self.size, answer["Body"])]

    @property
    def etag(self) -> str:
        """The object's ETag, without quotes."""
        return self._etag.strip('"')

    def would_wait(self, offset: int, length: int) -> bool:
        """Say whether these bytes still have to come from S3."""
        end = min(offset + length, self.size)
        return offset < end and not any(cursor.holds(offset, end) for cursor in self._cursors)

    def read(self, offset: int, length: int) -> bytes:
        """Give up to `length` bytes; empty at the end of the file."""
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        with self._lock:
            data = self._cursor_for(offset, end).read(offset, end)
            self.bytes_out += len(data)
            return data

    def close(self) -> None:
        """Stop reading ahead and let the connections go."""
        with self._lock:
            for cursor in self._cursors:
                cursor.close()
            self._cursors = []

    def _cursor_for(self, offset: int, end: int) -> Cursor:
        """Find the cursor to read on with, or replace the one not used for longest.

        One that has the bytes goes before one that is near them: `would_wait` counts on it.
        """
        holding = (each for each in self._cursors if each.holds(offset, end))
        near = (each for each in self._cursors if each.is_near(offset))
        found = next(holding, None) or next(near, None)
        cursor = found or Cursor(self._fetch, self._workers, offset, self.size)
        others = [each for each in self._cursors if each is not cursor]
        for left in others[CURSORS - 1 :]:
            left.close()
        self._cursors = [cursor, *others[: CURSORS - 1]]
        return cursor

    def _fetch(self, start: int, end: int) -> StreamingBody:
        with s3_errors():
            return self._s3.get_object(
                Bucket=self._bucket,
                Key=self._key,
                Range=f"bytes={start}-{end - 1}",
                IfMatch=self._etag,
            )["Body"]
