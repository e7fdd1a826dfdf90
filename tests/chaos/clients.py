"""The same few things that a customer does, with one SFTP client or another."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import struct
from collections.abc import Iterator
from typing import Protocol

import asyncssh
import paramiko

from tests.chaos.plan import Client
from tests.integration.support import Environment, NewUser, Sftp, put


class Session(Protocol):
    """One login. After `cut` it is of no use any more."""

    def put(self, path: str, content: bytes) -> None: ...
    def remove(self, path: str) -> None: ...
    def rename(self, path: str, to: str) -> None: ...
    def cut(self, path: str, content: bytes) -> None: ...


@contextlib.contextmanager
def log_in(client: Client, environment: Environment, user: NewUser) -> Iterator[Session]:
    """A session with the client named."""
    if client == "paramiko":
        with environment.ssh(user) as transport:
            yield _Paramiko(transport)
        return
    environment.await_user(user)
    with asyncio.Runner() as runner:
        session = _Asyncssh(runner, environment, user)
        try:
            yield session
        finally:
            session.close()


class _Paramiko:
    def __init__(self, transport: paramiko.Transport) -> None:
        self._transport = transport
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        self._sftp: Sftp = client

    def put(self, path: str, content: bytes) -> None:
        put(self._sftp, path, content)

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._sftp.remove(path)

    def rename(self, path: str, to: str) -> None:
        self._sftp.rename(path, to)

    def cut(self, path: str, content: bytes) -> None:
        """Write what is to arrive at the most, then reset the connection without a word."""
        file = self._sftp.open(path, "wb")
        file.set_pipelined(True)
        file.write(content)
        file._closed = True  # type: ignore[attr-defined]  # noqa: SLF001  # or it sends a CLOSE
        sock = self._transport.sock
        assert isinstance(sock, socket.socket)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


class _Asyncssh:
    def __init__(self, runner: asyncio.Runner, environment: Environment, user: NewUser) -> None:
        self._runner = runner
        self._connection, self._sftp = runner.run(_connect(environment, user))

    def put(self, path: str, content: bytes) -> None:
        self._runner.run(self._put(path, content))

    def remove(self, path: str) -> None:
        with contextlib.suppress(asyncssh.SFTPNoSuchFile):
            self._runner.run(self._sftp.remove(path))

    def rename(self, path: str, to: str) -> None:
        self._runner.run(self._sftp.rename(path, to))

    def cut(self, path: str, content: bytes) -> None:
        self._runner.run(self._cut(path, content))

    def close(self) -> None:
        self._runner.run(self._close())

    async def _put(self, path: str, content: bytes) -> None:
        async with self._sftp.open(path, "wb") as file:
            await file.write(content)

    async def _cut(self, path: str, content: bytes) -> None:
        """Write, hear that it has arrived, and go."""
        file = await self._sftp.open(path, "wb")
        await file.write(content)
        self._connection.abort()
        await self._connection.wait_closed()

    async def _close(self) -> None:
        self._connection.close()
        await self._connection.wait_closed()


async def _connect(
    environment: Environment, user: NewUser
) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
    key = asyncssh.import_private_key(_pem(user.key))
    connection = await asyncssh.connect(
        environment.sftp_host,
        environment.sftp_port,
        username=user.name,
        client_keys=[key],
        known_hosts=None,
        config=None,
        agent_path=None,
    )
    host_key = connection.get_server_host_key()
    assert host_key is not None
    assert host_key.get_fingerprint() == environment.host_key_fingerprint
    return connection, await connection.start_sftp_client()


def _pem(key: paramiko.PKey) -> str:
    text = io.StringIO()
    key.write_private_key(text)
    return text.getvalue()
