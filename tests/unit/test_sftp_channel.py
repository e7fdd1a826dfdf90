"""The wire: requests in, answers out, over a channel that is only a list of bytes."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import Any, cast

import asyncssh
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.files.activity import Activity
from emulator.files.session import FileSession
from emulator.sftp.channel import SftpChannel
from emulator.sftp.handler import Handler
from emulator.sftp.idle import IdleTimer
from emulator.sftp.packets import FRAME_LIMIT, Kind, frame, string, uint32
from emulator.transfer.model import User
from tests.unit.files_fakes import FakeS3

INIT = frame(Kind.INIT, uint32(3))
UPLOAD_MODE = uint32(0x02 | 0x08 | 0x10)


class Wire:
    """What the channel under test believes to be SSH."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.exited = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def exit(self, _: int) -> None:
        self.exited = True

    def get_extra_info(self, _: str) -> None: ...

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def talk(s3: FakeS3, *pieces: bytes) -> tuple[list[tuple[int, bytes]], list[str]]:
    """Send the pieces, hang up, and give the answers (kind, rest) and what was recorded."""
    return asyncio.run(_talk(s3, pieces))


async def _talk(s3: FakeS3, pieces: tuple[bytes, ...]) -> tuple[list[tuple[int, bytes]], list[str]]:
    async with a_channel(s3) as scene:
        for piece in pieces:
            scene.channel.data_received(piece, None)
            await asyncio.sleep(0)
        scene.channel.eof_received()
        await asyncio.wait_for(scene.channel.wait_ended(), 5)
    assert scene.wire.exited
    return scene.answers, scene.events


@dataclass
class Scene:
    """A channel on its wire; `asked` are the kinds of the requests carried out."""

    channel: SftpChannel
    wire: Wire
    drained: asyncio.Event
    events: list[str]
    asked: list[int]

    @property
    def answers(self) -> list[tuple[int, bytes]]:
        return list(_frames(bytes(self.wire.sent)))


class CountingHandler(Handler):
    """Keeps what it was asked."""

    asked: list[int]

    async def answer(self, frame_in: bytes) -> bytes:
        self.asked.append(frame_in[0])
        return await super().answer(frame_in)


@asynccontextmanager
async def a_channel(s3: FakeS3) -> AsyncIterator[Scene]:
    user = User("s-1", "acme", "arn", "role", "/b/acme")
    scene: Scene
    activity = Activity("arn", "0" * 16, lambda record: scene.events.append(record.kind))
    session = FileSession(user, s3.client, activity)
    with ThreadPoolExecutor(2) as threads:

        async def log_in() -> FileSession:
            return session

        def handler(session: FileSession, before_waiting: Callable[[], None]) -> Handler:
            counting = CountingHandler(session, threads, before_waiting)
            counting.asked = scene.asked
            return counting

        drained, wire = asyncio.Event(), Wire()
        drained.set()
        idle = IdleTimer(5, lambda: None)
        channel = SftpChannel(log_in, handler, idle, drained)
        scene = Scene(channel, wire, drained, [], [])
        channel.connection_made(cast("asyncssh.SSHServerChannel[bytes]", wire))
        channel.session_started()
        yield scene
        idle.cancel()
    session.end()


def _frames(data: bytes) -> Any:
    while data:
        length, kind = struct.unpack(">IB", data[:5])
        yield kind, data[5 : 4 + length]
        data = data[4 + length :]


def status_code(answer: tuple[int, bytes]) -> int:
    assert answer[0] == Kind.STATUS
    return int.from_bytes(answer[1][4:8])


def open_for_writing(name: str) -> bytes:
    return frame(Kind.OPEN, uint32(1), string(name), UPLOAD_MODE, uint32(0))


def write(offset: int, data: bytes) -> bytes:
    handle = string((1).to_bytes(8))
    return frame(Kind.WRITE, uint32(2), handle, offset.to_bytes(8), string(data))


CLOSE = frame(Kind.CLOSE, uint32(3), string((1).to_bytes(8)))


def test_no_extension_is_offered() -> None:
    assert talk(FakeS3(), INIT) == ([(Kind.VERSION, uint32(3))], [])


def test_an_upload_sent_in_one_breath_is_answered_whole() -> None:
    s3 = FakeS3()
    sent = INIT + open_for_writing("a b") + write(0, b"x") + write(1, b"y") + CLOSE
    answers, events = talk(s3, sent)
    assert [kind for kind, _ in answers] == [Kind.VERSION, Kind.HANDLE, *[Kind.STATUS] * 3]
    assert s3.objects == {"acme/a b": b"xy"}
    assert events == ["OPEN", "CLOSE"]


def test_a_hang_up_with_an_open_upload_stores_what_came() -> None:
    s3 = FakeS3()
    _, events = talk(s3, INIT, open_for_writing("cut"), write(0, b"half"), write(4, b"lost")[:-1])
    assert s3.objects == {"acme/cut": b"half"}
    assert events == ["OPEN", "PARTIAL_CLOSE"]


def test_uploads_left_open_are_stored_side_by_side() -> None:
    class MeetingS3(FakeS3):
        """Stores an object only while another is on its way."""

        def put_object(self, **call: Any) -> dict[str, Any]:
            both.wait(2)
            return super().put_object(**call)

    both, s3 = Barrier(2), MeetingS3()
    talk(s3, INIT, open_for_writing("a"), open_for_writing("b"))
    assert s3.objects == {"acme/a": b"", "acme/b": b""}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_packets_may_arrive_in_pieces(size: int) -> None:
    s3 = FakeS3()
    sent = INIT + open_for_writing("p") + write(0, b"z" * 3000) + CLOSE
    talk(s3, *[sent[at : at + size] for at in range(0, len(sent), size)])
    assert s3.objects == {"acme/p": b"z" * 3000}


def test_what_is_unsupported_gets_status_8() -> None:
    extended = frame(Kind.EXTENDED, uint32(1), string("posix-rename@openssh.com"))
    links = [frame(kind, uint32(1)) for kind in (Kind.READLINK, Kind.SYMLINK)]
    setstat = frame(Kind.SETSTAT, uint32(1), string("x"), uint32(0))
    answers, _ = talk(FakeS3(), INIT, extended, *links, setstat)
    assert [status_code(answer) for answer in answers[1:]] == [8, 8, 8, 8]
    assert b"SETSTAT unsupported" in answers[-1][1]


def test_a_name_that_is_not_utf8_is_refused() -> None:
    answers, _ = talk(FakeS3(), INIT, frame(Kind.STAT, uint32(1), string(b"\xff")))
    assert status_code(answers[1]) == 5


@pytest.mark.parametrize("length", [0, 4, FRAME_LIMIT + 1])
def test_a_packet_of_an_impossible_length_ends_the_channel(length: int) -> None:
    answers, _ = talk(FakeS3(), INIT, uint32(length), open_for_writing("x"))
    assert len(answers) == 1


@given(st.lists(st.tuples(st.sampled_from([4, 5, 6, 8, 10, 12, 16, 18, 99, 200]), st.binary())))
@settings(max_examples=30)
def test_every_malformed_request_gets_exactly_one_answer(requests: list[tuple[int, bytes]]) -> None:
    packets = [
        struct.pack(">IB", 5 + len(rest), kind) + uint32(7) + rest for kind, rest in requests
    ]
    answers, _ = talk(FakeS3(), INIT, *packets)
    assert len(answers) == 1 + len(requests)
    assert all(rest[:4] == uint32(7) for _, rest in answers[1:])


def test_who_does_not_read_is_not_answered() -> None:
    async def story() -> None:
        s3 = FakeS3()
        async with a_channel(s3) as scene:
            scene.drained.clear()
            requests = [frame(Kind.REALPATH, uint32(n), string(".")) for n in range(20)]
            scene.channel.data_received(INIT + b"".join(requests), None)
            scene.channel.eof_received()
            ended = asyncio.ensure_future(scene.channel.wait_ended())
            done, _ = await asyncio.wait([ended], timeout=0.2)
            assert not done
            assert len(scene.asked) == 1
            scene.drained.set()
            await asyncio.wait_for(ended, 5)
        assert len(scene.answers) == 21

    asyncio.run(story())


def test_who_is_gone_is_asked_nothing_but_changes() -> None:
    async def story() -> None:
        s3 = FakeS3()
        async with a_channel(s3) as scene:
            questions = frame(Kind.STAT, uint32(1), string("x")) * 9
            change = open_for_writing("last") + write(0, b"x") + CLOSE
            scene.channel.data_received(INIT + questions + change, None)
            scene.channel.connection_lost(None)
            await asyncio.wait_for(scene.channel.wait_ended(), 5)
        assert scene.asked == [Kind.OPEN, Kind.WRITE, Kind.CLOSE]
        assert s3.objects == {"acme/last": b"x"}

    asyncio.run(story())
