"""A user's SFTP session, packet by packet; every answer becomes an `Outcome`."""

from __future__ import annotations

import stat

from tests.integration.conformance.row import Outcome
from tests.integration.raw_sftp import (
    NO_ATTRIBUTES,
    Answer,
    Attributes,
    Code,
    Field,
    Flag,
    Kind,
    RawSftp,
    uint64,
)

NEW = Flag.WRITE | Flag.CREAT | Flag.TRUNC
CHUNK = 32 * 1024
DOTS = (".", "..")


class Client:
    """Operations in one folder; a name that begins with `/` is taken as it stands."""

    def __init__(self, raw: RawSftp, folder: str = "") -> None:
        self.raw = raw
        self.folder = folder

    def path(self, name: str) -> str:
        return name if name.startswith("/") or not self.folder else f"{self.folder}/{name}"

    def ask(self, kind: Kind, *fields: Field) -> Outcome:
        return outcome(self.raw.request(kind, *fields))

    def open(self, name: str, flags: int = NEW) -> Answer:
        return self.raw.request(Kind.OPEN, self.path(name), flags, NO_ATTRIBUTES)

    def write(self, handle: bytes, offset: int, data: bytes) -> Outcome:
        return self.ask(Kind.WRITE, handle, uint64(offset), len(data), data)

    def close(self, handle: bytes) -> Outcome:
        return self.ask(Kind.CLOSE, handle)

    def put(self, name: str, content: bytes = b"abc", flags: int = NEW) -> Outcome:
        """Upload with writes under way at once; the first status that is not 0."""
        opened = self.open(name, flags)
        if opened.kind != Kind.HANDLE:
            return outcome(opened)
        sent = [
            self.raw.send(Kind.WRITE, opened.handle, uint64(at), len(part), part)
            for at, part in _parts(content)
        ]
        answers = [outcome(self.raw.answer(each)) for each in sent]
        answers.append(self.close(opened.handle))
        return next((each for each in answers if each.code), Outcome())

    def get(self, name: str) -> Outcome:
        """Download; `found` is the content."""
        opened = self.open(name, Flag.READ)
        if opened.kind != Kind.HANDLE:
            return outcome(opened)
        content = bytearray()
        while (answer := self.read(opened.handle, len(content))).kind == Kind.DATA:
            content += answer.data
        self.close(opened.handle)
        return Outcome(found=bytes(content)) if answer.code == Code.EOF else outcome(answer)

    def read(self, handle: bytes, offset: int, length: int = CHUNK) -> Answer:
        return self.raw.request(Kind.READ, handle, uint64(offset), length)

    def stat(self, name: str, kind: Kind = Kind.STAT) -> Outcome:
        """`found` is `folder`, or `file of 3 bytes`."""
        answer = self.raw.request(kind, self.path(name))
        if answer.kind != Kind.ATTRS:
            return outcome(answer)
        return Outcome(found=described(answer.attributes))

    def ls(self, name: str = "") -> Outcome:
        """`found` is the names in their order, without `.` and `..`."""
        opened = self.raw.request(Kind.OPENDIR, self.path(name).rstrip("/") or self.path(name))
        if opened.kind != Kind.HANDLE:
            return outcome(opened)
        names: list[str] = []
        while (answer := self.raw.request(Kind.READDIR, opened.handle)).kind == Kind.NAME:
            names += [name for name in answer.names if name not in DOTS]
        self.close(opened.handle)
        return Outcome(found=tuple(names)) if answer.code == Code.EOF else outcome(answer)

    def realpath(self, path: str) -> str:
        (name,) = self.raw.request(Kind.REALPATH, path).names
        return name

    def mkdir(self, name: str) -> Outcome:
        return self.ask(Kind.MKDIR, self.path(name), NO_ATTRIBUTES)

    def rmdir(self, name: str) -> Outcome:
        return self.ask(Kind.RMDIR, self.path(name))

    def remove(self, name: str) -> Outcome:
        return self.ask(Kind.REMOVE, self.path(name))

    def rename(self, old: str, new: str) -> Outcome:
        return self.ask(Kind.RENAME, self.path(old), self.path(new))

    def extended(self, name: str, *fields: Field) -> Outcome:
        return self.ask(Kind.EXTENDED, name, *fields)


def outcome(answer: Answer) -> Outcome:
    """A STATUS with its words; any other answer is success."""
    if answer.kind != Kind.STATUS:
        return Outcome()
    return Outcome(answer.code, answer.message if answer.code else None)


def described(attributes: Attributes) -> str:
    if attributes.mode is not None and stat.S_ISDIR(attributes.mode):
        return "folder"
    return f"file of {attributes.size} bytes"


def _parts(content: bytes) -> list[tuple[int, bytes]]:
    return [(at, content[at : at + CHUNK]) for at in range(0, len(content), CHUNK)]
