"""The listener of one Transfer server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import asyncssh

from emulator.sftp.algorithms import algorithms
from emulator.sftp.connection import Connection, Service
from emulator.sftp.wire import Wire
from emulator.transfer.model import Server

KEEPALIVE_SECONDS = 60
KEEPALIVES_MISSED = 4  # the fifth look, after 300 s, ends an unresponsive client (transfer-file)
LOGIN_SECONDS = 120  # as sshd's LoginGraceTime; AWS does not say its own
WINDOW = 2 * 1024 * 1024
# A write of 32 KiB must fit one SSH packet: a small second one makes clients that leave Nagle's
# algorithm on wait 40 ms for each write.
PACKET = 64 * 1024


class SftpServer:
    """Accept connections on the ports of `listen`, until `stop_listening`.

    Raises ValueError when asyncssh cannot serve what the service says.
    """

    def __init__(self, service: Service, login_seconds: float = LOGIN_SECONDS) -> None:
        self._login_seconds = login_seconds
        self._connections: set[Connection] = set()
        self._acceptors: dict[int, asyncio.Server] = {}
        self.update(service)

    @property
    def server(self) -> Server:
        """What connections are served by now."""
        return self._service.server

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports it listens on."""
        return tuple(self._acceptors)

    def update(self, service: Service) -> None:
        """Serve later connections by this; those that are there go on as they began.

        AWS says nothing of UpdateServer ending sessions.
        """
        self._options = self._options_for(service)
        self._service = service

    async def listen(self, host: str, ports: Sequence[int]) -> None:
        """Listen on these and no others; 0 takes a free one. Connections of the others go on.

        OSError when one is taken; it then listens where it did before.
        """
        acceptors: dict[int, asyncio.Server] = {}
        try:
            for port in ports:
                acceptor = self._acceptors.get(port) or await self._bind(host, port)
                acceptors[acceptor.sockets[0].getsockname()[1]] = acceptor
        except OSError:
            _close(acceptors, but=self._acceptors)
            raise
        _close(self._acceptors, but=acceptors)
        self._acceptors = acceptors

    def stop_listening(self) -> None:
        """Free the ports."""
        _close(self._acceptors, but={})
        self._acceptors = {}

    async def end(self) -> None:
        """End the connections, and wait until their files are finished."""
        connections = list(self._connections)
        for connection in connections:
            connection.close()
        for connection in connections:
            await connection.wait_ended()

    async def _bind(self, host: str, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Wire(loop, self._options), host, port)

    def _connect(self) -> Connection:
        connection = Connection(self._service, self._connections.discard)
        self._connections.add(connection)
        return connection

    def _options_for(self, service: Service) -> asyncssh.SSHServerConnectionOptions:
        allowed = algorithms(service.server.security_policy)
        return asyncssh.SSHServerConnectionOptions(
            server_factory=self._connect,
            server_host_keys=[
                asyncssh.import_private_key(key.pem) for key in service.server.active_host_keys
            ],
            kex_algs=allowed.kex,
            encryption_algs=allowed.ciphers,
            mac_algs=allowed.macs,
            signature_algs=allowed.signatures,
            compression_algs=None,
            server_version="AWS_SFTP_1.1",
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            allow_pty=False,
            encoding=None,
            window=WINDOW,
            max_pktsize=PACKET,
            login_timeout=self._login_seconds,
            keepalive_interval=KEEPALIVE_SECONDS,
            keepalive_count_max=KEEPALIVES_MISSED,
        )


def _close(acceptors: Mapping[int, asyncio.Server], *, but: Mapping[int, asyncio.Server]) -> None:
    for port in acceptors.keys() - but.keys():
        acceptors[port].close()
