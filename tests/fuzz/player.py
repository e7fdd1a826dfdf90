"""A client over raw packets that speaks as the model does: values, or the status code refused."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from tests.fuzz.model import Names
from tests.fuzz.places import Refused
from tests.integration.raw_sftp import (
    NO_ATTRIBUTES,
    Answer,
    Attributes,
    Code,
    Field,
    Kind,
    RawSftp,
    string,
    uint64,
)

NO_HANDLE = string(b"no handle")


class Player:
    """One session. Slots stand for the handles that the server gave."""

    def __init__(self, sftp: RawSftp) -> None:
        self._sftp = sftp
        self._slots: dict[int, bytes] = {}

    def realpath(self, path: str) -> str:
        return next(iter(self._ask(Kind.REALPATH, path).names))

    def stat(self, path: str) -> int | None:
        return _size(self._ask(Kind.STAT, path).attributes)

    def listdir(self, path: str) -> Names:
        handle = self._ask(Kind.OPENDIR, path).handle
        names = [pair for page in self._pages(handle) for pair in page.names.items()]
        self._ask(Kind.CLOSE, handle)
        shown = {name: _size(attributes) for name, attributes in names}
        assert len(shown) == len(names), f"listed twice: {names}"
        return shown

    def mkdir(self, path: str) -> None:
        self._ask(Kind.MKDIR, path, NO_ATTRIBUTES)

    def rmdir(self, path: str) -> None:
        self._ask(Kind.RMDIR, path)

    def remove(self, path: str) -> None:
        self._ask(Kind.REMOVE, path)

    def rename(self, old: str, new: str) -> None:
        self._ask(Kind.RENAME, old, new)

    def setstat(self, path: str) -> None:
        self._ask(Kind.SETSTAT, path, NO_ATTRIBUTES)

    def open(self, slot: int, path: str, flags: int) -> None:
        if slot in self._slots:
            self.close(slot)
        self._slots[slot] = self._ask(Kind.OPEN, path, flags, NO_ATTRIBUTES).handle

    def read(self, slot: int, offset: int, count: int) -> bytes:
        answer = self._send(Kind.READ, self._handle(slot), uint64(offset), count)
        if answer.kind == Kind.STATUS and answer.code == Code.EOF:
            return b""
        return _accepted(answer).data

    def write(self, slot: int, offset: int, data: bytes) -> None:
        self._ask(Kind.WRITE, self._handle(slot), uint64(offset), string(data))

    def fstat(self, slot: int) -> int | None:
        return _size(self._ask(Kind.FSTAT, self._handle(slot)).attributes)

    def fsetstat(self, slot: int) -> None:
        self._ask(Kind.FSETSTAT, self._handle(slot), NO_ATTRIBUTES)

    def close(self, slot: int) -> None:
        handle = self._handle(slot)
        self._slots.pop(slot, None)
        self._ask(Kind.CLOSE, handle)

    def _handle(self, slot: int) -> bytes:
        return self._slots.get(slot, NO_HANDLE)

    def _pages(self, handle: bytes) -> Iterator[Answer]:
        while (answer := self._send(Kind.READDIR, handle)).kind == Kind.NAME:
            yield answer
        assert answer.code == Code.EOF, answer.told

    def _ask(self, kind: Kind, *fields: Field) -> Answer:
        return _accepted(self._send(kind, *fields))

    def _send(self, kind: Kind, *fields: Field) -> Answer:
        return self._sftp.request(kind, *fields)


def _accepted(answer: Answer) -> Answer:
    if answer.kind == Kind.STATUS and answer.code != Code.OK:
        raise Refused(answer.code)
    return answer


def _size(attributes: Attributes) -> int | None:
    return None if stat.S_ISDIR(attributes.mode or 0) else attributes.size
