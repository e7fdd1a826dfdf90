"""The listener of one Transfer server."""

from __future__ import annotations

from collections.abc import Sequence

import asyncssh

from emulator.sftp.algorithms import algorithms
from emulator.sftp.connection import Connection, Service

KEEPALIVE_SECONDS = 60
KEEPALIVES_MISSED = 5  # together the 300 s of an unresponsive client (user guide, transfer-file)
LOGIN_SECONDS = 120
WINDOW = 2 * 1024 * 1024
# A write of 32 KiB must fit one SSH packet: a small second one makes clients that leave Nagle's
# algorithm on wait 40 ms for each write.
PACKET = 64 * 1024


class SftpServer:
    """Accept connections until `close`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._connections: set[Connection] = set()
        self._acceptors: list[asyncssh.SSHAcceptor] = []

    @property
    def port(self) -> int:
        """The first port it listens on."""
        return self._acceptors[0].get_port()

    async def start(self, host: str, ports: Sequence[int]) -> None:
        """Listen on all of them; 0 takes a free one. OSError when one is taken."""
        try:
            for port in ports:
                self._acceptors.append(await self._listen(host, port))
        except OSError:
            await self.close()
            raise

    async def _listen(self, host: str, port: int) -> asyncssh.SSHAcceptor:
        allowed = algorithms(self._service.server.security_policy)
        return await asyncssh.listen(
            host,
            port,
            server_factory=self._connect,
            server_host_keys=[asyncssh.import_private_key(self._service.server.host_key)],
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
            login_timeout=LOGIN_SECONDS,
            keepalive_interval=KEEPALIVE_SECONDS,
            keepalive_count_max=KEEPALIVES_MISSED,
        )

    async def close(self) -> None:
        """Accept no more, end the connections, and wait until their files are finished."""
        for acceptor in self._acceptors:
            acceptor.close()
        connections = list(self._connections)
        for connection in connections:
            connection.close()
        for connection in connections:
            await connection.wait_ended()

    def _connect(self) -> Connection:
        connection = Connection(self._service, self._connections.discard)
        self._connections.add(connection)
        return connection
