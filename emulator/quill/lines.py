"""Bytes and text lines of a file of any size, in bounded memory."""

from __future__ import annotations

import codecs
import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

RECORD_LIMIT = 1 << 20


class TooLong(ValueError):  # noqa: N818 - it is a finding about the file
    """A record of more than `RECORD_LIMIT` characters: no table or record a person made."""


class CountedBytes(io.RawIOBase):
    """The pieces as one stream that knows how many bytes went through, and their SHA-256."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes so far."""
        return self._digest.hexdigest()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer`; less only at the end of the file, so a peek sees all it asks for."""
        target, filled = memoryview(buffer).cast("B"), 0
        while filled < len(target) and self._more():
            taken = self._rest[: len(target) - filled]
            target[filled : filled + len(taken)] = taken
            self._rest = self._rest[len(taken) :]
            filled += len(taken)
        return filled

    def _more(self) -> bool:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._digest.update(chunk)
            self.size += len(chunk)
            self._rest = memoryview(chunk)
        return True


def as_text(stream: io.BufferedReader) -> io.TextIOWrapper:
    """UTF-8, or UTF-16 when its byte order mark says so. Line ends are kept."""
    utf16 = stream.peek(2).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return io.TextIOWrapper(stream, encoding="utf-16" if utf16 else "utf-8-sig", newline="")


class RecordLines(Iterator[str]):
    """Lines of a text; raises `TooLong` when those since `new_record` exceed the limit."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._spent = 0

    def new_record(self) -> None:
        """What comes next belongs to another record."""
        self._spent = 0

    def __next__(self) -> str:
        line = self._text.readline(RECORD_LIMIT + 1)
        self._spent += len(line)
        if self._spent > RECORD_LIMIT:
            raise TooLong(f"a record is longer than {RECORD_LIMIT} characters")
        if not line:
            raise StopIteration
        return line
