"""A file being written: bytes come in order, the object appears at CLOSE, memory stays bounded.

Up to one part's size it is a single PutObject at CLOSE, beyond that a multipart upload that is
completed at CLOSE. What is not in order is refused as AWS refuses it. What becomes of such a file
at CLOSE is not documented; here CLOSE then fails too and nothing is stored, since an object with a
hole would look whole. A file that was there and is not truncated stays until the first byte comes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from threading import Lock

from emulator.files.errors import RANDOM_ACCESS, FileError, s3_errors
from emulator.files.multipart import Multipart, part_size
from emulator.files.target import CONTENT_TYPE, Target


class Upload:
    """One open file; may be used from several threads, offsets must still rise without gaps.

    `opened_at` is in nanoseconds since the epoch; `etag` is known after `close`.
    """

    def __init__(
        self, path: str, target: Target, workers: Executor, *, replaced_size: int | None = None
    ) -> None:
        self.path = path
        self.opened_at = time.time_ns()
        self.etag = ""
        self.size = 0
        self.failure: FileError | None = None
        self._target = target
        self._workers = workers
        self._replaced_size = replaced_size
        self._part = bytearray()
        self._multipart: Multipart | None = None
        self._lock = Lock()

    def would_wait(self, offset: int, length: int) -> bool:
        """Say whether writing `length` bytes at `offset` may have to wait for S3."""
        if offset != self.size:
            # Spoils the upload, and its parts on their way are waited for.
            return self.failure is None
        if len(self._part) + length <= self._part_size:
            return False
        return self._multipart is not None and self._multipart.is_full

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Append; anything but the next offset is random access and spoils the upload."""
        with self._lock, self._spoiled_by_errors():
            if self.failure:
                raise self.failure
            if offset != self.size:
                raise FileError(RANDOM_ACCESS)
            self._append(memoryview(data))

    def close(self) -> None:
        """Make the object appear, or raise what kept it from appearing."""
        with self._lock, self._spoiled_by_errors():
            if self.failure:
                raise self.failure
            if self._multipart is None:
                if not self.is_left_alone:
                    self.etag = self._put()
            else:
                self._multipart.send(self._part)
                self.etag = self._multipart.complete(self.size)
            self._part = bytearray()

    @property
    def is_left_alone(self) -> bool:
        """A file was there, was not truncated and nothing was written: it stays as it is."""
        return not (self.failure or self.size or self._replaced_size is None)

    @property
    def visible_size(self) -> int:
        """What a client is told: what is there, so that one that appends does not replace it."""
        return self.size or self._replaced_size or 0

    @property
    def _part_size(self) -> int:
        return self._multipart.next_size if self._multipart else part_size(1)

    def _append(self, data: memoryview) -> None:
        while data:
            # A full part leaves only when more comes: what fits one part is a single PutObject.
            if len(self._part) == self._part_size:
                self._send()
            room = self._part_size - len(self._part)
            self._part += data[:room]
            self.size += len(data[:room])
            data = data[room:]

    def _send(self) -> None:
        if self._multipart is None:
            self._multipart = Multipart(self._target, self._workers)
        full, self._part = self._part, bytearray()
        self._multipart.send(full)

    def _put(self) -> str:
        with s3_errors():
            answer = self._target.s3.put_object(
                Bucket=self._target.bucket,
                Key=self._target.key,
                Body=bytes(self._part),
                Metadata=self._target.metadata,
                ContentType=CONTENT_TYPE,
                ChecksumAlgorithm="CRC32",
            )
            return answer.get("ETag", "").strip('"')

    @contextmanager
    def _spoiled_by_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if self.failure is None:
                if isinstance(error, FileError):
                    self.failure = error
                else:
                    self.failure = FileError(f"upload failed: '{error}' - send it again")
                self._drop()
            raise

    def _drop(self) -> None:
        self._part = bytearray()
        if self._multipart:
            # The first error is the one to tell; S3's lifecycle rule collects what stays behind.
            with suppress(FileError):
                self._multipart.abort()
