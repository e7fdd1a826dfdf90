"""What a connection may do and how long it lasts: real SSH on loopback, S3 in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncssh
import pytest

from emulator.sftp.server import SftpServer
from emulator.transfer.model import Server
from tests.unit.sftp_fakes import Bench, a_bench, a_server, eventually, log_in, serving

IDLE = 60
KEY = asyncssh.generate_private_key("ssh-ed25519")
MODE = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC
Story = Callable[[Bench, SftpServer], Awaitable[None]]


def tell(story: Story, server: Server | None = None, idle_seconds: float = IDLE) -> Bench:
    """Run the story of `acme`; gives what is left of it once the server has ended."""

    async def run() -> Bench:
        async with a_bench(idle_seconds=idle_seconds) as bench:
            bench.add_user("acme", KEY)
            async with serving(bench, server) as sftp:
                await story(bench, sftp)
            return bench

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(run())


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


async def skip(seconds: float) -> None:
    """Put the clock forward, and let the timers have their turn."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.skipped += seconds
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def connect(sftp: SftpServer, **options: object) -> asyncssh.SSHClientConnection:
    return await log_in(sftp.ports[0], "acme", KEY, **options)


async def begin_upload(connection: asyncssh.SSHClientConnection, name: str) -> None:
    """Send half of a file and leave it open."""
    client = await connection.start_sftp_client()
    file = await client.open(name, MODE, encoding=None)
    await file.write(b"half")


def test_the_eleventh_session_is_refused_and_ten_go_on() -> None:
    async def story(_: Bench, sftp: SftpServer) -> None:
        async with await connect(sftp) as connection:
            clients = [await connection.start_sftp_client() for _ in range(10)]
            with pytest.raises(asyncssh.ChannelOpenError, match="10 sessions") as caught:
                await connection.start_sftp_client()
            assert caught.value.code == asyncssh.OPEN_RESOURCE_SHORTAGE
            assert [await client.realpath(".") for client in clients] == ["/b/acme"] * 10
            clients[0].exit()
            await clients[0].wait_closed()
            assert await (await connection.start_sftp_client()).realpath(".") == "/b/acme"

    tell(story)


def test_nothing_but_sftp_is_served() -> None:
    async def story(_: Bench, sftp: SftpServer) -> None:
        async with await connect(sftp) as connection:
            for refused in ({"command": "id"}, {}, {"subsystem": "netconf"}):
                with pytest.raises(asyncssh.ChannelOpenError):
                    await connection.create_process(**refused)
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", sftp.ports[0])
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_unix_connection("/tmp/agent")
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.start_server(lambda *_: None, "127.0.0.1", 0)

    tell(story)


@pytest.mark.parametrize("with_channel", [False, True])
def test_an_idle_connection_is_closed(with_channel: bool) -> None:
    async def story(_: Bench, sftp: SftpServer) -> None:
        connection = await connect(sftp)
        if with_channel:
            client = await connection.start_sftp_client()
            await client.realpath(".")
            client.exit()
            await client.wait_closed()
        await skip(IDLE)
        await asyncio.wait_for(connection.wait_closed(), 5)

    assert tell(story).recorded() == ["CONNECTED", "DISCONNECTED"]


def test_one_busy_session_keeps_the_others() -> None:
    async def story(_: Bench, sftp: SftpServer) -> None:
        async with await connect(sftp) as connection:
            quiet, busy = [await connection.start_sftp_client() for _ in range(2)]
            for _half in range(4):
                await skip(IDLE / 2)
                await busy.realpath(".")
            assert await quiet.realpath(".") == "/b/acme"

    tell(story)


def test_a_client_that_answers_nothing_for_300_seconds_is_given_up() -> None:
    async def story(bench: Bench, sftp: SftpServer) -> None:
        connection = await connect(sftp)
        connection._transport.pause_reading()  # type: ignore[union-attr]  # noqa: SLF001
        for _minute in range(4):
            await skip(60)
        assert bench.recorded() == ["CONNECTED"]
        await skip(60)
        await eventually(lambda: has_ended(bench))
        connection.abort()
        await connection.wait_closed()
        await asyncio.sleep(0)  # its socket is closed one round later

    tell(story, idle_seconds=1800)


def has_ended(bench: Bench) -> None:
    assert bench.recorded() == ["CONNECTED", "DISCONNECTED"]


def test_an_upload_left_open_is_stored_when_the_connection_was_idle() -> None:
    async def story(_: Bench, sftp: SftpServer) -> None:
        connection = await connect(sftp)
        await begin_upload(connection, "cut")
        await skip(IDLE)
        await asyncio.wait_for(connection.wait_closed(), 5)

    bench = tell(story)
    assert bench.s3.objects == {"acme/cut": b"half"}
    assert bench.recorded() == ["CONNECTED", "OPEN", "PARTIAL_CLOSE", "DISCONNECTED"]


def test_the_servers_end_stores_what_came() -> None:
    async def story(_: Bench, sftp: SftpServer) -> None:
        for name in ("a", "b"):
            await begin_upload(await connect(sftp), name)

    assert tell(story).s3.objects == {"acme/a": b"half", "acme/b": b"half"}


def test_a_user_deleted_or_changed_during_a_session_keeps_it() -> None:
    async def story(bench: Bench, sftp: SftpServer) -> None:
        async with await connect(sftp) as connection:
            client = await connection.start_sftp_client()
            del bench.users["acme"]
            async with client.open("later", MODE, encoding=None) as file:
                await file.write(b"x")

    assert tell(story).s3.objects == {"acme/later": b"x"}


def test_an_update_cuts_nobody_and_counts_for_those_who_come() -> None:
    chacha = {"encryption_algs": ["chacha20-poly1305@openssh.com"]}

    async def story(bench: Bench, sftp: SftpServer) -> None:
        connection = await connect(sftp, **chacha)
        await begin_upload(connection, "open")
        sftp.update(bench.service(a_server(policy="2024-01")))
        client = await connection.start_sftp_client()
        assert await client.realpath(".") == "/b/acme"
        with pytest.raises(asyncssh.KeyExchangeFailed):
            await connect(sftp, **chacha)
        async with await connect(sftp):
            pass

    tell(story, a_server(policy="2018-11"))


def test_other_ports_cut_nobody() -> None:
    async def story(bench: Bench, sftp: SftpServer) -> None:
        (old,) = sftp.ports
        connection = await connect(sftp)
        await sftp.listen("127.0.0.1", [0])
        (new,) = sftp.ports
        assert old != new
        with pytest.raises(ConnectionRefusedError):
            await log_in(old, "acme", KEY)
        async with await connect(sftp):
            client = await connection.start_sftp_client()
            assert await client.realpath(".") == "/b/acme"

    tell(story)


def test_a_taken_port_leaves_the_others() -> None:
    async def story(bench: Bench, sftp: SftpServer) -> None:
        ports = sftp.ports
        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        async with taken:
            with pytest.raises(OSError, match="in use"):
                await sftp.listen("127.0.0.1", [0, taken.sockets[0].getsockname()[1]])
        assert sftp.ports == ports
        async with await connect(sftp):
            pass

    tell(story)
