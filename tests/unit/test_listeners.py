"""Listeners follow a store: which ports, when, and who waits for whom."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from emulator.sftp.listeners import Listeners
from emulator.transfer.model import Server
from tests.unit.sftp_fakes import Bench, a_bench, a_server, log_in, on_ports

KEY = asyncssh.generate_private_key("ssh-ed25519")
Story = Callable[[Bench, "FakeStore", Listeners], Awaitable[None]]


class FakeStore:
    """Servers by id."""

    def __init__(self) -> None:
        self._servers: dict[str, Server] = {}
        self._revision = 0

    def put(self, *servers: Server) -> None:
        self._servers |= {server.id: server for server in servers}
        self._revision += 1

    def delete(self, server_id: str) -> None:
        del self._servers[server_id]
        self._revision += 1

    def servers(self) -> list[Server]:
        return list(self._servers.values())

    def revision(self) -> int:
        return self._revision


def tell(story: Story, folder: Path, default_port: int = 0) -> Bench:
    async def run() -> Bench:
        async with a_bench() as bench:
            bench.add_user("acme", KEY)
            store = FakeStore()
            owner = folder / "owner"
            listeners = Listeners(store, bench.service, default_port=default_port, owner_file=owner)
            try:
                await story(bench, store, listeners)
            finally:
                assert await listeners.close(patience_seconds=5)
            return bench

    return asyncio.run(run())


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def default(taken: socket.socket) -> int:
    """A port that is free again."""
    port = port_of(taken)
    taken.close()
    return port


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def test_each_server_has_its_port_and_the_default_goes_to_the_first(
    tmp_path: Path, default: int
) -> None:
    async def story(_: Bench, store: FakeStore, listeners: Listeners) -> None:
        store.put(a_server("s-1"), a_server("s-2"))
        await listeners.follow()
        first = listeners.ports()
        assert first["s-1"] == default
        assert len(set(first.values())) == 2
        for state in ("OFFLINE", "ONLINE"):
            store.put(*(replace(server, state=state) for server in store.servers()))
            await listeners.follow()
        assert listeners.ports() == first

    tell(story, tmp_path, default)


def test_the_default_port_of_a_deleted_server_goes_to_the_next_that_comes(
    tmp_path: Path, default: int
) -> None:
    async def story(_: Bench, store: FakeStore, listeners: Listeners) -> None:
        store.put(a_server("s-1"), a_server("s-2"))
        await listeners.follow()
        second = listeners.ports()["s-2"]
        store.delete("s-1")
        await listeners.follow()
        store.put(a_server("s-3"))
        await listeners.follow()
        assert listeners.ports() == {"s-2": second, "s-3": default}

    tell(story, tmp_path, default)


def test_a_server_with_ports_of_its_own_does_not_take_the_default(
    tmp_path: Path, default: int
) -> None:
    async def story(_: Bench, store: FakeStore, listeners: Listeners) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            own = port_of(other)
        store.put(on_ports(a_server("s-1"), own), a_server("s-2"))
        await listeners.follow()
        assert listeners.ports() == {"s-1": own, "s-2": default}

    tell(story, tmp_path, default)


def test_a_port_that_is_taken_is_tried_again(
    tmp_path: Path, taken: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(_: Bench, store: FakeStore, listeners: Listeners) -> None:
        port = port_of(taken)
        store.put(on_ports(a_server(), port))
        await listeners.follow()
        await listeners.follow()
        assert listeners.ports() == {}
        assert len([each for each in caplog.records if "cannot listen" in each.message]) == 1
        taken.close()
        await listeners.follow()
        assert listeners.ports() == {"s-1": port}

    tell(story, tmp_path)


def test_ports_are_changed_without_a_cut(tmp_path: Path, taken: socket.socket) -> None:
    async def story(_: Bench, store: FakeStore, listeners: Listeners) -> None:
        store.put(a_server())
        await listeners.follow()
        given = listeners.ports()["s-1"]
        async with await log_in(given, "acme", KEY) as connection:
            taken.close()
            store.put(on_ports(a_server(), port_of_taken))
            await listeners.follow()
            assert listeners.ports() == {"s-1": port_of_taken}
            assert await (await connection.start_sftp_client()).realpath(".") == "/b/acme"
        store.put(a_server())
        await listeners.follow()
        assert listeners.ports() == {"s-1": given}

    port_of_taken = port_of(taken)
    tell(story, tmp_path)


def test_a_new_banner_is_shown_without_a_cut(tmp_path: Path) -> None:
    class Reader(asyncssh.SSHClient):
        def auth_banner_received(self, msg: str, lang: str) -> None:
            shown.append(msg)

    shown: list[str] = []

    async def story(_: Bench, store: FakeStore, listeners: Listeners) -> None:
        connections = []
        for banner in ("old", "new"):
            store.put(a_server(PreAuthenticationLoginBanner=banner))
            await listeners.follow()
            port = listeners.ports()["s-1"]
            connections.append(await log_in(port, "acme", KEY, client_factory=Reader))
        for connection in connections:
            assert await (await connection.start_sftp_client()).realpath(".") == "/b/acme"

    tell(story, tmp_path)
    assert shown == ["old", "new"]


def test_a_slow_end_keeps_nobody_waiting_and_is_waited_for(tmp_path: Path) -> None:
    """A stopped server's session waits for S3; a new server comes at once, close() waits."""

    async def story(bench: Bench, store: FakeStore, listeners: Listeners) -> None:
        store.put(a_server("s-1"))
        await listeners.follow()
        connection = await log_in(listeners.ports()["s-1"], "acme", KEY)
        bench.may_log_in.clear()
        asking = asyncio.ensure_future(connection.start_sftp_client())
        await asyncio.to_thread(bench.logging_in.wait, 10)
        store.put(replace(a_server("s-1"), state="OFFLINE"), a_server("s-2"))
        await listeners.follow()
        assert list(listeners.ports()) == ["s-2"]
        assert not await listeners.close(patience_seconds=0.05)
        bench.may_log_in.set()
        with pytest.raises((asyncssh.Error, asyncssh.SFTPError)):
            await asking

    assert tell(story, tmp_path).recorded()[-1] == "DISCONNECTED"
