"""SFTP version 3 packet by packet (draft-ietf-secsh-filexfer-02), for what clients hide.

Libraries translate status codes and wait where real clients do not: here a test sends what it
likes, in any order, and reads exactly what came back.
"""

from __future__ import annotations

import struct
from collections import deque
from enum import IntEnum
from typing import NamedTuple

import paramiko

VERSION = 3
PATIENCE_SECONDS = 60.0
PIECE = 32 * 1024  # what every server takes in one WRITE


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
    EXTENDED_REPLY = 201


class Flag(IntEnum):
    """Flags of OPEN."""

    READ = 0x01
    WRITE = 0x02
    APPEND = 0x04
    CREAT = 0x08
    TRUNC = 0x10
    EXCL = 0x20


class Code(IntEnum):
    """Codes of STATUS."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    OP_UNSUPPORTED = 8


Field = int | str | bytes
NO_ATTRIBUTES = struct.pack(">I", 0)


def uint64(number: int) -> bytes:
    """Encode an offset."""
    return number.to_bytes(8)


def string(value: str | bytes) -> bytes:
    """Encode a length and as many bytes; a `str` as UTF-8."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def attributes(
    *, size: int | None = None, mode: int | None = None, times: tuple[int, int] | None = None
) -> bytes:
    """Encode what is given; times are (accessed, modified), in seconds since 1970."""
    flags, body = 0, b""
    if size is not None:
        flags, body = flags | 0x01, body + uint64(size)
    if mode is not None:
        flags, body = flags | 0x04, body + struct.pack(">I", mode)
    if times is not None:
        flags, body = flags | 0x08, body + struct.pack(">II", *times)
    return struct.pack(">I", flags) + body


class Attributes(NamedTuple):
    """What a server says of a file; None where it says nothing."""

    size: int | None
    mode: int | None
    modified: int | None


class Answer(NamedTuple):
    """One answer: its kind, and all that follows its id."""

    kind: int
    payload: bytes

    @property
    def code(self) -> int:
        """A STATUS' code."""
        assert self.kind == Kind.STATUS, self
        return int.from_bytes(self.payload[:4])

    @property
    def message(self) -> str:
        """A STATUS' words."""
        assert self.kind == Kind.STATUS, self
        return Fields(self.payload[4:]).string().decode()

    @property
    def handle(self) -> bytes:
        """A HANDLE, encoded as later requests carry it."""
        assert self.kind == Kind.HANDLE, self.told
        return self.payload

    @property
    def data(self) -> bytes:
        """DATA's bytes."""
        assert self.kind == Kind.DATA, self.told
        return Fields(self.payload).string()

    @property
    def attributes(self) -> Attributes:
        """What ATTRS says."""
        assert self.kind == Kind.ATTRS, self.told
        return Fields(self.payload).attributes()

    @property
    def names(self) -> dict[str, Attributes]:
        """The entries of NAME, by name; their `ls -l` lines are left out."""
        assert self.kind == Kind.NAME, self.told
        fields = Fields(self.payload)
        return dict(fields.entry() for _ in range(fields.uint32()))

    @property
    def told(self) -> tuple[int, str]:
        """Code and words of a STATUS."""
        return self.code, self.message


class Fields:
    """A payload's fields, from front to back."""

    def __init__(self, payload: bytes) -> None:
        self._rest = payload

    def take(self, length: int) -> bytes:
        taken, self._rest = self._rest[:length], self._rest[length:]
        assert len(taken) == length, "the packet ends before its fields do"
        return taken

    @property
    def are_over(self) -> bool:
        return not self._rest

    def uint32(self) -> int:
        return int.from_bytes(self.take(4))

    def string(self) -> bytes:
        return self.take(self.uint32())

    def attributes(self) -> Attributes:
        flags = self.uint32()
        size = int.from_bytes(self.take(8)) if flags & 0x01 else None
        if flags & 0x02:
            self.take(8)
        mode = self.uint32() if flags & 0x04 else None
        modified = int.from_bytes(self.take(8)[4:]) if flags & 0x08 else None
        return Attributes(size, mode, modified)

    def entry(self) -> tuple[str, Attributes]:
        name = self.string().decode()
        self.string()
        return name, self.attributes()


class RawSftp:
    """One SFTP channel of a connection. Open several on one transport for several sessions."""

    def __init__(self, transport: paramiko.Transport, version: int = VERSION) -> None:
        self.channel = transport.open_session()
        self.channel.settimeout(PATIENCE_SECONDS)
        self.channel.invoke_subsystem("sftp")
        self._count = 0
        self._answers: dict[int, Answer] = {}
        # Clients that know newer versions offer theirs; this one speaks 3 whatever it offers.
        self._send_frame(Kind.INIT, struct.pack(">I", version))
        kind, self.greeting = self._read_frame()
        assert (kind, self.greeting[:4]) == (Kind.VERSION, struct.pack(">I", VERSION))

    @property
    def extensions(self) -> tuple[str, ...]:
        """Names of the extensions that the server has announced, in its order."""
        fields, names = Fields(self.greeting[4:]), []
        while not fields.are_over:
            names.append(fields.string().decode())
            fields.string()  # its version
        return tuple(names)

    @property
    def is_over(self) -> bool:
        """Whether the server has ended the session."""
        return bool(self.channel.closed or self.channel.eof_received)

    def request(self, kind: int, *fields: Field) -> Answer:
        """Send one request and wait for its answer."""
        return self.answer(self.send(kind, *fields))

    def send(self, kind: int, *fields: Field) -> int:
        """Send without waiting; give the id. `int`: uint32, `str`: string, `bytes`: as they are."""
        self._count += 1
        self._send_frame(kind, struct.pack(">I", self._count) + b"".join(map(_encoded, fields)))
        return self._count

    def answer(self, request_id: int) -> Answer:
        """Wait for the answer with this id; others that come first are kept."""
        while request_id not in self._answers:
            kind, body = self._read_frame()
            self._answers[int.from_bytes(body[:4])] = Answer(kind, body[4:])
        return self._answers.pop(request_id)

    def answer_so_far(self, request_id: int) -> Answer | None:
        """The answer with this id if it has come before one that was waited for."""
        return self._answers.pop(request_id, None)

    def write_all(self, handle: bytes, content: bytes, in_flight: int = 64) -> set[int]:
        """Write from the start as clients do, many requests ahead; the codes of the answers."""
        codes, waiting = set(), deque[int]()
        for offset in range(0, len(content), PIECE):
            data = string(content[offset : offset + PIECE])
            waiting.append(self.send(Kind.WRITE, handle, uint64(offset), data))
            if len(waiting) >= in_flight:
                codes.add(self.answer(waiting.popleft()).code)
        return codes | {self.answer(each).code for each in waiting}

    def list_all(self, folder: str) -> dict[str, Attributes]:
        """The entries of a folder, `.` and `..` left out."""
        handle, names = self.request(Kind.OPENDIR, folder).handle, dict[str, Attributes]()
        while (answer := self.request(Kind.READDIR, handle)).kind == Kind.NAME:
            names |= answer.names
        assert answer.code == Code.EOF, answer.told
        assert self.request(Kind.CLOSE, handle).code == Code.OK
        return {name: found for name, found in names.items() if name not in (".", "..")}

    def _send_frame(self, kind: int, body: bytes) -> None:
        self.channel.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def _read_frame(self) -> tuple[int, bytes]:
        length = int.from_bytes(self._read(4))
        frame = self._read(length)
        return frame[0], frame[1:]

    def _read(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            piece = self.channel.recv(length - len(data))
            if not piece:
                raise EOFError("the server ended the session")
            data += piece
        return bytes(data)


def _encoded(field: Field) -> bytes:
    match field:
        case int():
            return struct.pack(">I", field)
        case str():
            return string(field)
        case bytes():
            return field
