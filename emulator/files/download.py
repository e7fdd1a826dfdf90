"""A file being read: one GET that runs ahead of the client, memory bounded.

The GET opened at OPEN is held, so a file overwritten meanwhile is read to its end as it was. A jump
elsewhere opens another GET, which demands the same ETag: other bytes are never mixed in. (Versions
cannot be pinned: users have no `s3:GetObjectVersion`.)
"""

from __future__ import annotations

from concurrent.futures import Executor
from threading import Condition, Lock
from typing import TYPE_CHECKING

from emulator.files.errors import FileError, s3_errors
from emulator.files.window import Window

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client

MIB = 1024 * 1024
BLOCK = MIB
AHEAD = 8 * MIB
BEHIND = 2 * MIB  # clients pipeline reads and may ask again for what they skipped
ATTEMPTS = 3


class Download:
    """One open file of `size` bytes; reads may come in any order and from several threads."""

    def __init__(self, path: str, s3: S3Client, bucket: str, key: str, workers: Executor) -> None:
        self.path = path
        self.bytes_out = 0
        self._s3, self._bucket, self._key, self._workers = s3, bucket, key, workers
        self._one_reader = Lock()
        self._changed = Condition()
        self._window = Window(0)
        self._goal = AHEAD
        self._is_filling = False
        self._failure: FileError | None = None
        with s3_errors():
            answer = s3.get_object(Bucket=bucket, Key=key)
        self.size = answer["ContentLength"]
        self.modified = answer["LastModified"].timestamp()
        self._etag = answer["ETag"]
        self._body: StreamingBody | None = answer["Body"]
        self._fill_some()

    def would_wait(self, offset: int, length: int) -> bool:
        """Say whether these bytes still have to come from S3."""
        end = min(offset + length, self.size)
        return offset < end and not self._window.holds(offset, end)

    def read(self, offset: int, length: int) -> bytes:
        """Give up to `length` bytes; empty at the end of the file."""
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        with self._one_reader, self._changed:
            self._reach(offset, end)
            data = self._window.cut(offset, end)
            self._window.forget(end - BEHIND)
            self._goal = end + AHEAD
            self._fill_some()
            self.bytes_out += len(data)
            return data

    def close(self) -> None:
        """Stop reading ahead and let the connection go."""
        with self._changed:
            self._leave_stream()

    def _reach(self, offset: int, end: int) -> None:
        """Wait until the window holds these bytes, going there when it is elsewhere."""
        attempts = 0
        if not self._window.start <= offset <= self._window.end + AHEAD:
            self._open_at(offset)
        self._goal = max(self._goal, end)
        while not self._window.holds(offset, end):
            if self._body is None:
                attempts += 1
                if attempts > ATTEMPTS:
                    raise self._failure or FileError("the file was closed")
                self._open_at(self._window.end, self._window)
            self._fill_some()
            self._changed.wait()

    def _open_at(self, offset: int, window: Window | None = None) -> None:
        self._leave_stream()
        with s3_errors():
            answer = self._s3.get_object(
                Bucket=self._bucket, Key=self._key, Range=f"bytes={offset}-", IfMatch=self._etag
            )
        self._body = answer["Body"]
        self._window = window or Window(offset)

    def _leave_stream(self) -> None:
        if self._body is not None:
            self._body.close()
        self._body = None

    def _fill_some(self) -> None:
        """Let a worker read ahead, unless one does, or enough is there."""
        wanted = min(self._goal, self.size)
        if self._body and not self._is_filling and self._window.end < wanted:
            self._is_filling = True
            self._workers.submit(self._fill)

    def _fill(self) -> None:
        """Run by a worker: never waits for the reader, so a few workers serve many files."""
        while True:
            with self._changed:
                body, window = self._body, self._window
                if body is None or window.end >= min(self._goal, self.size):
                    self._is_filling = False
                    return
            block = self._next_block(body)
            with self._changed:
                if body is self._body:
                    self._take(block)
                self._changed.notify_all()

    def _next_block(self, body: StreamingBody) -> bytes | FileError:
        try:
            with s3_errors():
                return body.read(BLOCK)
        except (FileError, ValueError, AttributeError) as error:
            # A body closed under the worker's hands answers with whatever its layers raise.
            return FileError(f"the download broke off: '{error}' - try again")

    def _take(self, block: bytes | FileError) -> None:
        if isinstance(block, bytes) and block:
            self._window.append(block)
        else:
            self._failure = block or FileError("the download ended early - try again")
            self._leave_stream()
