"""A Transfer server on loopback, for the tests of `emulator.sftp`: real SSH, S3 in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event
from typing import Any, TypeVar

import asyncssh

from emulator.files.activity import Activity, Record
from emulator.files.session import FileSession
from emulator.sftp.connection import Service
from emulator.sftp.server import SftpServer
from emulator.transfer.model import HostKey, Server, SshPublicKey, User
from tests.unit.files_fakes import FakeS3

T = TypeVar("T")
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
POLICY = "TransferSecurityPolicy-"


@dataclass
class Bench:
    """What the servers of a test share: users by name, S3, what was recorded.

    Who asks for SFTP waits until `may_log_in`.
    """

    threads: Executor
    users: dict[str, User] = field(default_factory=dict)
    s3: FakeS3 = field(default_factory=FakeS3)
    events: list[Record] = field(default_factory=list)
    idle_seconds: float = 60
    logging_in: Event = field(default_factory=Event)
    may_log_in: Event = field(default_factory=Event)

    def add_user(self, name: str, *keys: asyncssh.SSHKey) -> None:
        """Add or replace; the home is `/b/<name>`."""
        now = datetime.now(UTC)
        bodies = [f"{key.export_public_key().decode().strip()} a comment, é" for key in keys]
        public = tuple(SshPublicKey(f"key-{n}", body, now) for n, body in enumerate(bodies))
        self.users[name] = User("s-1", name, "arn", "role", f"/b/{name}", ssh_public_keys=public)

    def service(self, server: Server) -> Service:
        return Service(
            server,
            lambda _, name: self.users.get(name),
            "us-east-1",
            self.events.append,
            self.threads,
            self.idle_seconds,
            self._log_in,
        )

    def recorded(self) -> list[str]:
        return [record.kind for record in self.events]

    def _log_in(self, _: Server, user: User, activity: Activity, __: str) -> FileSession:
        self.logging_in.set()
        assert self.may_log_in.wait(10)
        return FileSession(user, self.s3.client, activity)


def a_server(server_id: str = "s-1", policy: str = "2024-01", **settings: Any) -> Server:
    """An online server; `settings` are the API's."""
    settings = {"SecurityPolicyName": POLICY + policy, **settings}
    return Server(server_id, f"arn:{server_id}", "ONLINE", host_keys(HOST_KEY), settings)


def host_keys(*pems: str) -> tuple[HostKey, ...]:
    """Keys of a server, the oldest first."""
    return tuple(
        HostKey(f"hostkey-{number}", pem_type(pem), pem, datetime.now(UTC))
        for number, pem in enumerate(pems)
    )


def pem_type(pem: str) -> str:
    """Type of a key, such as `ssh-rsa`."""
    return asyncssh.import_private_key(pem).get_algorithm()


def on_ports(server: Server, *ports: int) -> Server:
    details = {"SftpPorts": [{"SftpPort": port} for port in ports]}
    return replace(server, settings={**server.settings, "ProtocolDetails": details})


@asynccontextmanager
async def a_bench(**changes: Any) -> AsyncIterator[Bench]:
    """A bench with threads of its own."""
    with ThreadPoolExecutor(4) as threads:
        bench = Bench(threads, **changes)
        bench.may_log_in.set()
        yield bench


@asynccontextmanager
async def serving(bench: Bench, server: Server | None = None) -> AsyncIterator[SftpServer]:
    """One server on a free port."""
    sftp = SftpServer(bench.service(server or a_server()))
    await sftp.listen("127.0.0.1", [0])
    try:
        yield sftp
    finally:
        sftp.stop_listening()
        await sftp.end()


async def log_in(
    port: int, name: str, *keys: asyncssh.SSHKey, **options: Any
) -> asyncssh.SSHClientConnection:
    """A connection; of keys only those given are offered."""
    return await asyncssh.connect(
        "127.0.0.1",
        port,
        username=name,
        client_keys=list(keys) or None,
        known_hosts=None,
        config=None,
        agent_path=None,
        **options,
    )


async def eventually(look: Callable[[], T], timeout_seconds: float = 10.0) -> T:
    """What `look` gives once it no longer raises AssertionError."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            return look()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.01)
