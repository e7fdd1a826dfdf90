"""Keep one listener for each server that is ONLINE: created, changed and stopped servers follow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from emulator.sftp.connection import Service
from emulator.sftp.server import SftpServer
from emulator.transfer.model import Server

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2

MakeService = Callable[[Server], Service]


class ServerStore(Protocol):
    """What is asked of the control plane's state; `revision` rises with every change."""

    def servers(self) -> Sequence[Server]: ...  # noqa: D102
    def revision(self) -> int: ...  # noqa: D102


class Listeners:
    """Follow the servers of a store.

    Ports: the server's own (`SftpPorts`), else `default_port` for the first server that comes, else
    a free one. `owner_file` keeps the id of the server that has the default port, for the next run.
    """

    def __init__(
        self,
        store: ServerStore,
        service: MakeService,
        *,
        default_port: int,
        owner_file: Path,
        host: str = "127.0.0.1",
    ) -> None:
        self._store = store
        self._service = service
        self._host = host
        self._default_port = default_port
        self._owner_file = owner_file
        self._online: dict[str, Server] = {}
        self._running: dict[str, SftpServer] = {}
        self._given_ports: dict[str, int] = {}
        self._complaints: dict[str, str] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._seen = -1

    def ports(self) -> dict[str, int]:
        """The first port of each server that can be reached now, by server id."""
        return {name: sftp.ports[0] for name, sftp in self._running.items() if sftp.ports}

    async def run(self) -> None:
        """Follow the servers until cancelled."""
        while True:
            await self.follow()
            await asyncio.sleep(LOOK_SECONDS)

    async def follow(self) -> None:
        """Look once, and start, update and stop what differs; a port that is taken is tried again.

        Waits for nobody's files: a server that stops is finished in the background.
        """
        self._look()
        for server_id in self._running.keys() - self._online.keys():
            self._stop(server_id)
        for server in self._online.values():
            try:
                await self._serve(server)
            except (OSError, ValueError) as error:
                self._complain(server, str(error))

    async def close(self, patience_seconds: float) -> bool:
        """Stop all; open uploads are finished as they are. False when that takes too long."""
        for server_id in list(self._running):
            self._stop(server_id)
        left = self._endings
        if left:
            _, left = await asyncio.wait(left, timeout=patience_seconds)
        return not left

    def _look(self) -> None:
        revision = self._store.revision()
        if revision == self._seen:
            return
        self._seen = revision
        servers = self._store.servers()
        self._give_default_port(servers)
        self._online = {server.id: server for server in servers if server.state == "ONLINE"}

    def _give_default_port(self, servers: Sequence[Server]) -> None:
        """Only a deleted server loses the default port: a stopped one gets it back.

        Who has another port by then keeps that one: the default port goes to the next that comes.
        """
        owner = self._owner_file.read_text() if self._owner_file.exists() else ""
        if owner not in [server.id for server in servers]:
            portless = (
                server.id
                for server in servers
                if server.id not in self._given_ports and not server.sftp_ports
            )
            owner = next(portless, "")
            self._owner_file.write_text(owner)
        self._owner = owner

    async def _serve(self, server: Server) -> None:
        sftp = self._running.get(server.id)
        if sftp is None:
            sftp = self._running[server.id] = SftpServer(self._service(server))
        elif sftp.server != server:
            sftp.update(self._service(server))
        if not sftp.ports or sftp.ports != self._ports_for(server):
            await sftp.listen(self._host, self._ports_for(server))
            self._complaints.pop(server.id, None)
            self._remember_port(server, sftp)
            ports = ", ".join(map(str, sftp.ports))
            log.info("SFTP for %s on %s, port %s", server.id, self._host, ports)

    def _ports_for(self, server: Server) -> tuple[int, ...]:
        default = self._default_port if server.id == self._owner else 0
        return server.sftp_ports or (self._given_ports.get(server.id, default),)

    def _remember_port(self, server: Server, sftp: SftpServer) -> None:
        if not server.sftp_ports:
            self._given_ports[server.id] = sftp.ports[0]

    def _stop(self, server_id: str) -> None:
        sftp = self._running.pop(server_id)
        self._complaints.pop(server_id, None)
        sftp.stop_listening()
        ending = asyncio.create_task(sftp.end())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        log.info("SFTP for %s stopped", server_id)

    def _complain(self, server: Server, reason: str) -> None:
        """Say it once, not at each look."""
        if self._complaints.get(server.id) != reason:
            self._complaints[server.id] = reason
            log.error(
                "SFTP cannot listen: '%s' - %s - free the port or change it", server.id, reason
            )
