"""One SFTP channel: bytes become requests, answers become bytes, one after the other.

Requests of a channel are answered in order, so that an upload's bytes arrive in order. Neither side
can flood memory: reading pauses while requests wait, answering while the client does not read.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import asyncssh

from emulator.files.errors import FileError
from emulator.files.session import FileSession
from emulator.sftp.handler import Handler
from emulator.sftp.idle import IdleTimer
from emulator.sftp.packets import FRAME_LEAST, FRAME_LIMIT, BadMessage, Kind, frame, uint32

log = logging.getLogger(__name__)

VERSION = 3
HIGH_WATER = 1024 * 1024
BATCH = 256 * 1024

# They change nothing: nobody waits for the answer once the channel is gone.
QUESTIONS = frozenset(
    (Kind.READ, Kind.STAT, Kind.LSTAT, Kind.FSTAT, Kind.OPENDIR, Kind.READDIR, Kind.REALPATH)
)

LogIn = Callable[[], Awaitable[FileSession]]
MakeHandler = Callable[[FileSession, Callable[[], None]], Handler]


class SftpChannel(asyncssh.SSHServerSession[bytes]):
    """The `sftp` subsystem; shells and commands (so SCP's old protocol too) are refused."""

    def __init__(
        self,
        log_in: LogIn,
        make_handler: MakeHandler,
        idle: IdleTimer,
        connection_drained: asyncio.Event,
    ) -> None:
        self._task: asyncio.Task[None] | None = None
        self._log_in = log_in
        self._make_handler = make_handler
        self._idle = idle
        self._connection_drained = connection_drained
        self._received = bytearray()
        self._answers = bytearray()
        self._input_ended = False
        self._is_gone = False
        self._more = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Remember the channel."""
        self._channel = chan

    def subsystem_requested(self, subsystem: str) -> bool:
        """Accept SFTP and nothing else."""
        return subsystem == "sftp"

    def session_started(self) -> None:
        """Begin to serve."""
        self._task = asyncio.create_task(self._serve())

    @property
    def has_ended(self) -> bool:
        """Nothing is left to do for this channel."""
        return self._task.done() if self._task else self._input_ended

    async def wait_ended(self) -> None:
        """Wait until what the client sent is carried out and its files are finished."""
        if self._task:
            await self._task

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Collect bytes; too many unanswered ones stop the client."""
        self._received += data
        self._more.set()
        if len(self._received) > HIGH_WATER:
            self._channel.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more; what it sent is still carried out."""
        self._input_ended = True
        self._more.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is gone: the changes it asked for are still made, unheard."""
        self._is_gone = True
        self._input_ended = True
        self._more.set()
        self._writable.set()

    def pause_writing(self) -> None:
        """Stop answering: the client does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Answer again."""
        self._writable.set()

    async def _serve(self) -> None:
        try:
            await self._talk()
        except (BadMessage, FileError) as error:
            log.info("channel ended: '%s'", error)
        except Exception:
            log.exception("channel failed")
        finally:
            self._channel.exit(0)

    async def _talk(self) -> None:
        requests = self._frames()
        await self._greet(await anext(requests, b""))
        with self._idle:
            handler = self._make_handler(await self._log_in(), self._flush)
        self._answers += frame(Kind.VERSION, uint32(VERSION))
        self._flush()
        try:
            async for request in requests:
                if self._is_gone and request[0] in QUESTIONS:
                    continue
                with self._idle:
                    self._answers += await handler.answer(request)
                if len(self._answers) > BATCH or not self._has_request():
                    self._flush()
                await self._writable.wait()
                await self._connection_drained.wait()
        finally:
            self._flush()
            await handler.cut()

    async def _greet(self, request: bytes) -> None:
        if request[:1] != bytes([Kind.INIT]) or int.from_bytes(request[1:5]) < VERSION:
            raise BadMessage("no SFTP client of version 3 or newer")

    def _flush(self) -> None:
        """Send the answers at hand together: each packet costs a MAC and a system call."""
        if self._answers and not self._channel.is_closing():
            self._channel.write(bytes(self._answers))
            self._acknowledge_quickly()
        self._answers.clear()

    def _acknowledge_quickly(self) -> None:
        """Spare clients that leave Nagle's algorithm on (paramiko) 40 ms for each small packet.

        They hold a request back until the packet before it is acknowledged. Linux forgets the
        option with each answer; elsewhere it does not exist.
        """
        connection = self._channel.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_QUICKACK"):
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _has_request(self) -> bool:
        return len(self._received) >= 4 + max(FRAME_LEAST, int.from_bytes(self._received[:4]))

    async def _frames(self) -> AsyncIterator[bytes]:
        while True:
            length = int.from_bytes(self._received[:4])
            if len(self._received) >= 4 and not FRAME_LEAST <= length <= FRAME_LIMIT:
                raise BadMessage(f"packet of {length} bytes")
            if self._has_request():
                request = bytes(memoryview(self._received)[4 : 4 + length])
                # Gone before it is answered: `_has_request` asks for the ones behind it.
                del self._received[: 4 + length]
                yield request
            elif self._input_ended:
                return
            else:
                await self._wait_for_more()

    async def _wait_for_more(self) -> None:
        self._more.clear()
        self._channel.resume_reading()
        await self._more.wait()
