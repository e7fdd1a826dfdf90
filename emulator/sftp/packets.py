"""SFTP version 3 on the wire (draft-ietf-secsh-filexfer-02): what comes in, what goes out."""

from __future__ import annotations

import stat
import struct
import time
from collections.abc import Iterable
from enum import IntEnum

from emulator.files.listing import Entry

FRAME_LIMIT = 256 * 1024  # the longest OpenSSH's own server takes
FRAME_LEAST = 5  # kind and request id


class Kind(IntEnum):
    """Packet types."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200


class Status(IntEnum):
    """Status codes beside those a `FileError` carries."""

    OK = 0
    EOF = 1
    FAILURE = 4
    BAD_MESSAGE = 5
    UNSUPPORTED = 8


class BadMessage(Exception):  # noqa: N818
    """The packet ends before its fields do, or says what it cannot mean."""


class Packet:
    """One packet's fields, read from front to back; BadMessage when there are fewer."""

    def __init__(self, frame: bytes) -> None:
        self._frame = memoryview(frame)
        self._position = 0

    def uint8(self) -> int:
        """Read one byte."""
        return self._take(1)[0]

    def uint32(self) -> int:
        """Read four bytes."""
        return int.from_bytes(self._take(4))

    def uint64(self) -> int:
        """Read eight bytes."""
        return int.from_bytes(self._take(8))

    def string(self) -> memoryview:
        """Read a length and as many bytes."""
        return self._take(self.uint32())

    def text(self) -> str:
        """Read a path or name; they must be UTF-8 (Transfer user guide, transfer-file)."""
        try:
            return str(self.string(), "utf-8")
        except UnicodeDecodeError as error:
            raise BadMessage("file names must be UTF-8") from error

    def _take(self, length: int) -> memoryview:
        piece = self._frame[self._position : self._position + length]
        if len(piece) < length:
            raise BadMessage("packet too short")
        self._position += length
        return piece


def frame(kind: Kind, *fields: bytes) -> bytes:
    """Put a whole packet together, its length in front."""
    body = b"".join(fields)
    return struct.pack(">IB", len(body) + 1, kind) + body


def uint32(number: int) -> bytes:
    """Encode four bytes."""
    return number.to_bytes(4)


def string(value: bytes | str) -> bytes:
    """Encode a length and as many bytes."""
    data = value.encode() if isinstance(value, str) else value
    return uint32(len(data)) + data


def status(request: bytes, code: int, text: str = "") -> bytes:
    """Answer a request with a status; `request` is its id as it came."""
    return frame(Kind.STATUS, request, uint32(code), string(text), string("en"))


def names(request: bytes, entries: Iterable[tuple[str, bytes]]) -> bytes:
    """Answer with names, each followed by its long form and attributes as `details` gives them."""
    items = [string(name) + details for name, details in entries]
    return frame(Kind.NAME, request, uint32(len(items)), *items)


def details(entry: Entry) -> bytes:
    """Encode the `ls -l` line and the attributes of an entry."""
    return string(_long_name(entry)) + attributes(entry)


def attributes(entry: Entry) -> bytes:
    """Encode size, owner, permissions and times: all S3 has is size and modification time."""
    flags = 0x01 | 0x02 | 0x04 | 0x08
    modified = int(entry.modified)
    return struct.pack(">IQIIIII", flags, entry.size, 0, 0, entry.mode, modified, modified)


def _long_name(entry: Entry) -> str:
    when = time.strftime("%b %d %H:%M %Y", time.gmtime(entry.modified))
    date = f"{when[:6]} {when[-4:]:>5}" if _is_old(entry.modified) else when[:12]
    return f"{stat.filemode(entry.mode)}   1 -        -        {entry.size:>8} {date} {entry.name}"


def _is_old(modified: float) -> bool:
    return abs(time.time() - modified) > 180 * 24 * 3600
