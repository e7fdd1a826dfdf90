"""One SFTP channel's requests, each answered by one operation of `emulator.files`.

No extension is offered, as on AWS: clients then fall back to the plain requests of version 3.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ClassVar, ParamSpec, TypeVar

from emulator.files.download import Download
from emulator.files.errors import FileError, Unsupported
from emulator.files.listing import Entry, Page
from emulator.files.modes import OpenMode
from emulator.files.session import FileSession, OpenFile, check_room
from emulator.files.upload import Upload
from emulator.sftp.packets import (
    BadMessage,
    Kind,
    Packet,
    Status,
    attributes,
    details,
    frame,
    names,
    status,
    string,
)

log = logging.getLogger(__name__)

NAMES_PER_ANSWER = 100
READ_LIMIT = 255 * 1024  # an answer must fit the longest packet clients take
OPEN_MODES = 0x3F
HANDLES = 128  # open at once in a channel: a folder may hold two pages of names

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Folder:
    """A folder being listed: what is left of the page at hand, and the pages to come."""

    pages: Iterator[Page]
    rest: Page = field(default_factory=list)

    def turn(self) -> bool:
        """Fetch the next page that holds anything; False at the end."""
        while not self.rest:
            page = next(self.pages, None)
            if page is None:
                return False
            self.rest = page[::-1]
        return True

    def take(self, count: int) -> Page:
        """Give the next few entries of the page at hand."""
        taken = self.rest[-count:][::-1]
        del self.rest[-count:]
        return taken


class Handler:
    """Answer requests one by one, in the order they came.

    Blocking work is done by `threads`; `before_waiting` is called first, to let answers go.
    """

    def __init__(
        self, session: FileSession, threads: Executor, before_waiting: Callable[[], None]
    ) -> None:
        self._before_waiting = before_waiting
        self._session = session
        self._threads = threads
        self._handles: dict[bytes, OpenFile | Folder] = {}
        self._count = 0

    async def answer(self, frame_in: bytes) -> bytes:
        """Carry out one request; whatever fails becomes a status, never an exception."""
        request = frame_in[1:5]
        try:
            packet = Packet(frame_in)
            perform = self._answers.get(packet.uint8())
            packet.uint32()
            if perform is None:
                raise Unsupported("Operation unsupported")
            return await perform(self, request, packet)
        except FileError as error:
            return status(request, error.code, str(error))
        except BadMessage as error:
            return status(request, Status.BAD_MESSAGE, str(error))
        except Exception:
            log.exception("request failed")
            return status(request, Status.FAILURE, "Failure")

    async def cut(self) -> None:
        """The client is gone: what it left open is finished as it is.

        All at once: a service that stops has seconds for it.
        """
        files = [file for file in self._handles.values() if not isinstance(file, Folder)]
        self._handles.clear()
        await asyncio.gather(*map(self._cut, files))

    async def _cut(self, file: OpenFile) -> None:
        try:
            await self._blocking(self._session.cut, file)
        except Exception as error:
            # One that fails must not take the others with it.
            log.warning("upload not stored: %r - %s", file.path, error)

    async def _blocking(self, work: Callable[P, T], /, *args: P.args, **_: P.kwargs) -> T:
        self._before_waiting()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    async def _open(self, request: bytes, packet: Packet) -> bytes:
        path, mode = packet.text(), OpenMode(packet.uint32() & OPEN_MODES)
        self._check_room()
        check_room(sum(not isinstance(each, Folder) for each in self._handles.values()))
        if mode.asks_nothing:
            return self._handle(request, self._session.open(path, mode))
        return self._handle(request, await self._blocking(self._session.open, path, mode))

    async def _close(self, request: bytes, packet: Packet) -> bytes:
        file = self._handles.pop(bytes(packet.string()), None)
        if file is None:
            raise FileError("Invalid handle")
        if not isinstance(file, Folder):
            await self._blocking(self._session.close, file)
        return status(request, Status.OK)

    async def _read(self, request: bytes, packet: Packet) -> bytes:
        file = self._opened(packet)
        if not isinstance(file, Download):
            raise FileError("File is not open for reading")
        offset, length = packet.uint64(), min(packet.uint32(), READ_LIMIT)
        if file.would_wait(offset, length):
            data = await self._blocking(file.read, offset, length)
        else:
            data = file.read(offset, length)
        if not data:
            return status(request, Status.EOF, "End of file")
        return frame(Kind.DATA, request, string(data))

    async def _write(self, request: bytes, packet: Packet) -> bytes:
        file = self._opened(packet)
        if not isinstance(file, Upload):
            raise FileError("File is not open for writing")
        offset, data = packet.uint64(), packet.string()
        if file.would_wait(offset, len(data)):
            await self._blocking(file.write, offset, data)
        else:
            file.write(offset, data)
        return status(request, Status.OK)

    async def _stat(self, request: bytes, packet: Packet) -> bytes:
        entry = await self._blocking(self._session.stat, packet.text())
        return frame(Kind.ATTRS, request, attributes(entry))

    async def _fstat(self, request: bytes, packet: Packet) -> bytes:
        file = self._opened(packet)
        if isinstance(file, Download):
            entry = Entry("", is_folder=False, size=file.size, modified=file.modified)
        else:
            entry = Entry("", is_folder=False, size=file.visible_size)
        return frame(Kind.ATTRS, request, attributes(entry))

    async def _setstat(self, request: bytes, packet: Packet) -> bytes:
        self._session.setstat(packet.text())
        return status(request, Status.OK)

    async def _fsetstat(self, request: bytes, packet: Packet) -> bytes:
        self._session.fsetstat(self._opened(packet))
        return status(request, Status.OK)

    async def _opendir(self, request: bytes, packet: Packet) -> bytes:
        self._check_room()
        folder = Folder(self._session.list(packet.text()))
        await self._blocking(folder.turn)
        return self._handle(request, folder)

    async def _readdir(self, request: bytes, packet: Packet) -> bytes:
        folder = self._handles.get(bytes(packet.string()))
        if not isinstance(folder, Folder):
            raise FileError("Invalid handle")
        if not folder.rest and not await self._blocking(folder.turn):
            return status(request, Status.EOF, "End of file")
        taken = folder.take(NAMES_PER_ANSWER)
        return names(request, [(entry.name, details(entry)) for entry in taken])

    async def _remove(self, request: bytes, packet: Packet) -> bytes:
        await self._blocking(self._session.remove, packet.text())
        return status(request, Status.OK)

    async def _mkdir(self, request: bytes, packet: Packet) -> bytes:
        await self._blocking(self._session.mkdir, packet.text())
        return status(request, Status.OK)

    async def _rmdir(self, request: bytes, packet: Packet) -> bytes:
        await self._blocking(self._session.rmdir, packet.text())
        return status(request, Status.OK)

    async def _realpath(self, request: bytes, packet: Packet) -> bytes:
        path = self._session.realpath(packet.text())
        return names(request, [(path, string(path) + bytes(4))])

    async def _rename(self, request: bytes, packet: Packet) -> bytes:
        await self._blocking(self._session.rename, packet.text(), packet.text())
        return status(request, Status.OK)

    def _opened(self, packet: Packet) -> OpenFile:
        file = self._handles.get(bytes(packet.string()))
        if file is None or isinstance(file, Folder):
            raise FileError("Invalid handle")
        return file

    def _check_room(self) -> None:
        if len(self._handles) >= HANDLES:
            raise FileError(f"too many open handles: {HANDLES} - close some")

    def _handle(self, request: bytes, opened: OpenFile | Folder) -> bytes:
        self._count += 1
        handle = self._count.to_bytes(8)
        self._handles[handle] = opened
        return frame(Kind.HANDLE, request, string(handle))

    _answers: ClassVar[dict[int, Callable[[Handler, bytes, Packet], Awaitable[bytes]]]] = {
        Kind.OPEN: _open,
        Kind.CLOSE: _close,
        Kind.READ: _read,
        Kind.WRITE: _write,
        Kind.LSTAT: _stat,
        Kind.FSTAT: _fstat,
        Kind.SETSTAT: _setstat,
        Kind.FSETSTAT: _fsetstat,
        Kind.OPENDIR: _opendir,
        Kind.READDIR: _readdir,
        Kind.REMOVE: _remove,
        Kind.MKDIR: _mkdir,
        Kind.RMDIR: _rmdir,
        Kind.REALPATH: _realpath,
        Kind.STAT: _stat,
        Kind.RENAME: _rename,
    }
