"""Keep one listener for each server that is ONLINE: created, stopped and deleted servers follow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
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
        self._running: dict[str, tuple[Server, SftpServer]] = {}
        self._free_ports: dict[str, int] = {}
        self._seen = -1

    def ports(self) -> dict[str, int]:
        """The port of each server that can be reached now, by server id."""
        return {server_id: sftp.port for server_id, (_, sftp) in self._running.items()}

    async def run(self) -> None:
        """Follow the servers until cancelled."""
        while True:
            await self.follow()
            await asyncio.sleep(LOOK_SECONDS)

    async def follow(self) -> None:
        """Look once, and start and stop what has changed."""
        revision = self._store.revision()
        if revision == self._seen:
            return
        self._seen = revision
        servers = {server.id: server for server in self._store.servers()}
        self._give_default_port(list(servers))
        online = {name: server for name, server in servers.items() if server.state == "ONLINE"}
        for server_id, (server, _) in list(self._running.items()):
            if not _is_same(server, online.get(server_id)):
                await self._stop(server_id)
        for server_id in online.keys() - self._running.keys():
            await self._start(online[server_id])

    async def close(self) -> None:
        """Stop all; open uploads are finished as they are."""
        await asyncio.gather(*(self._stop(server_id) for server_id in list(self._running)))

    def _give_default_port(self, server_ids: list[str]) -> None:
        """Only a deleted server loses the default port: a stopped one gets it back."""
        owner = self._owner_file.read_text() if self._owner_file.exists() else ""
        if server_ids and owner not in server_ids:
            owner = next((each for each in server_ids if each in self._running), server_ids[0])
            self._owner_file.write_text(owner)
        self._owner = owner

    async def _start(self, server: Server) -> None:
        sftp = SftpServer(self._service(server))
        ports = self._ports_for(server)
        try:
            await sftp.start(self._host, ports)
        except (OSError, ValueError) as error:
            reason = f"{error} - free the port or change the server, then start it again"
            log.error("SFTP cannot listen: '%s' on %s - %s", server.id, ports, reason)
            return
        self._running[server.id] = server, sftp
        self._free_ports[server.id] = sftp.port
        log.info("SFTP for %s on %s:%d", server.id, self._host, sftp.port)

    async def _stop(self, server_id: str) -> None:
        _, sftp = self._running.pop(server_id)
        await sftp.close()
        log.info("SFTP for %s stopped", server_id)

    def _ports_for(self, server: Server) -> tuple[int, ...]:
        if server.sftp_ports:
            return server.sftp_ports
        if server.id == self._owner:
            return (self._default_port,)
        return (self._free_ports.get(server.id, 0),)


def _is_same(running: Server, wanted: Server | None) -> bool:
    """Tags change nothing about a listener."""
    return wanted is not None and replace(running, tags=()) == replace(wanted, tags=())
