"""The server's SFTP channel in this process, on a wire that is only bytes, over S3 in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from emulator.files.session import FileSession
from emulator.sftp.channel import SftpChannel
from emulator.sftp.handler import Handler
from emulator.sftp.idle import IdleTimer
from tests.fuzz.inside import BUCKET, OBJECTS, AtOnce, no_failure_logged, sessions
from tests.fuzz.memory_s3 import Storage
from tests.fuzz.packets import Stream, ids_given, ids_owed
from tests.fuzz.steps import scene

PATIENCE_SECONDS = 20


class Wire:
    """What the channel takes for SSH's."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.exited = False

    def write(self, data: bytes) -> None:
        self.received += data

    def exit(self, _: int) -> None:
        self.exited = True

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, _: str) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def talk(stream: Stream, piece: int, runner: asyncio.Runner) -> int:
    """Send a stream in pieces of that many bytes, hang up, and look at what came back and became.

    Gives the number of packets in the stream.
    """
    storage, wire = Storage(BUCKET, dict(OBJECTS)), Wire()
    home = scene(BUCKET, "acme")[:1]
    with no_failure_logged(), sessions(storage, home) as [(session, _)]:
        runner.run(_talk(session, wire, b"".join(stream), piece))
    assert wire.exited, "the channel was not closed"
    assert ids_given(bytes(wire.received)) == ids_owed(stream)
    assert not storage.uploads, f"multipart uploads left behind: {storage.uploads}"
    changed = {key for key in {*storage.objects, *OBJECTS} if _differ(storage, key)}
    assert all(key.startswith("acme/") for key in changed), f"changed outside the home: {changed}"
    return len(stream)


async def _talk(session: FileSession, wire: Wire, data: bytes, piece: int) -> None:
    async def log_in() -> FileSession:
        return session

    def make_handler(session: FileSession, flush: Callable[[], None]) -> Handler:
        return Handler(session, AtOnce(), flush)

    idle, drained = IdleTimer(PATIENCE_SECONDS, _never), asyncio.Event()
    drained.set()
    channel = SftpChannel(log_in, make_handler, idle, drained)
    channel.connection_made(cast("Any", wire))
    channel.session_started()
    for start in range(0, len(data), piece):
        channel.data_received(data[start : start + piece], None)
        await asyncio.sleep(0)
    channel.eof_received()
    await asyncio.wait_for(channel.wait_ended(), PATIENCE_SECONDS)
    idle.cancel()


def _never() -> None:
    raise AssertionError("idle for too long")


def _differ(storage: Storage, key: str) -> bool:
    return storage.objects.get(key) != OBJECTS.get(key)
