"""One SSH connection to a Transfer server: who it is, and how many channels it may have."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_hex
from typing import cast

import asyncssh

from emulator.files.activity import Activity, Sink
from emulator.files.errors import FileError
from emulator.files.login import connected_as, log_in
from emulator.files.session import FileSession
from emulator.sftp.channel import SftpChannel
from emulator.sftp.handler import Handler
from emulator.sftp.idle import IdleTimer
from emulator.sftp.wire import Wire
from emulator.transfer.model import Server, User

log = logging.getLogger(__name__)

FindUser = Callable[[str, str], User | None]
LogIn = Callable[[Server, User, Activity, str], FileSession]

SESSIONS = 10  # multiplexed in one connection (user guide, transfer-file)


@dataclass(frozen=True)
class Service:
    """What a listener's connections share. `find_user(server_id, name)` sees the latest state."""

    server: Server
    find_user: FindUser
    region: str
    sink: Sink
    threads: Executor
    idle_seconds: float = 1800
    log_in: LogIn = log_in


class Connection(asyncssh.SSHServer):
    """From the handshake to the last channel's end.

    Server and user are taken as they are at login: AWS does not say when a change of role, policy,
    home or settings reaches a session, nor that deleting its user ends it. Here neither happens.
    """

    def __init__(self, service: Service, ended: Callable[[Connection], None]) -> None:
        self._service = service
        self._ended = ended
        self._activity = Activity(service.server.arn, token_hex(8), service.sink)
        self._user: User | None = None
        self._name = ""
        self._key: asyncssh.SSHKey | None = None
        self._channels: list[SftpChannel] = []
        self._login: asyncio.Task[FileSession] | None = None
        self._idle = IdleTimer(service.idle_seconds, self._close_as_idle)
        self._is_in = False
        self._all_done = asyncio.Event()

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember the connection; `SftpServer` makes them all of one kind."""
        self._ssh = cast("Wire", conn)
        client_ip = str((conn.get_extra_info("peername") or ("",))[0])
        self._activity = replace(self._activity, client_ip=client_ip)

    def begin_auth(self, username: str) -> bool:
        """Show the banner, if any; authentication is always needed."""
        self._name = username
        if banner := self._service.server.login_banner:
            self._ssh.send_auth_banner(banner)
        return True

    def public_key_auth_supported(self) -> bool:
        """Keys are all that service-managed users have."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Look the user and the key up as they are now."""
        user = (
            None
            if _is_blocked(username)
            else self._service.find_user(self._service.server.id, username)
        )
        # The keys themselves: asyncssh takes no comment beyond ASCII.
        if user and any(stored.data == key.public_data for stored in user.ssh_public_keys):
            self._user, self._key = user, key
            return True
        return False

    def auth_completed(self) -> None:
        """The user is in."""
        user, key = self._user, self._key
        if user is None or key is None:
            return
        self._is_in = True
        self._activity = replace(self._activity, user=user.name)
        self._activity.record("CONNECTED", **self._connected(user, key))

    def _connected(self, user: User, key: asyncssh.SSHKey) -> dict[str, str]:
        """What the log says of a login (user guide, cw-structure-logs)."""
        info = self._ssh.get_extra_info
        return {
            **connected_as(user),
            "source_ip": self._activity.client_ip,
            "client": info("client_version", ""),
            "ciphers": f"{info('recv_cipher', '')},{info('send_cipher', '')}",
            "kex": self._ssh.kex,
            "ssh_public_key": b64encode(key.public_data).decode(),
            "ssh_public_key_fingerprint": key.get_fingerprint(),
            "ssh_public_key_type": key.get_algorithm(),
        }

    def session_requested(self) -> SftpChannel:
        """Open one more channel."""
        self._channels = [channel for channel in self._channels if not channel.has_ended]
        if len(self._channels) >= SESSIONS:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_RESOURCE_SHORTAGE, f"more than {SESSIONS} sessions"
            )
        channel = SftpChannel(self._log_in, self._handler, self._idle, self._ssh.drained)
        self._channels.append(channel)
        return channel

    def connection_lost(self, exc: Exception | None) -> None:
        """Finish what the channels left open."""
        if isinstance(exc, asyncssh.KeyExchangeFailed):
            ip = self._activity.client_ip
            self._activity.record("KEX_FAILURE", message=exc.reason, source_ip=ip)
        # It would keep all of this, the S3 client included, until it fires.
        self._idle.cancel()
        self._farewell = asyncio.create_task(self._end())

    def close(self) -> None:
        """End the connection from our side."""
        self._ssh.close()

    async def wait_ended(self) -> None:
        """Wait until everything is finished and stored."""
        await self._all_done.wait()

    async def _log_in(self) -> FileSession:
        """Assume the role once for all channels; a refusal ends the connection, as on AWS."""
        if self._login is None:
            self._login = asyncio.create_task(self._assume())
        try:
            return await asyncio.shield(self._login)
        except FileError as error:
            self._activity.record("ERROR", message=f"Unable to assume role: {error}")
            self.close()
            raise

    async def _assume(self) -> FileSession:
        service = self._service
        if self._user is None:
            raise FileError("no user")
        assume = partial(service.log_in, service.server, self._user, self._activity, service.region)
        return await asyncio.get_running_loop().run_in_executor(service.threads, assume)

    def _handler(self, session: FileSession, before_waiting: Callable[[], None]) -> Handler:
        return Handler(session, self._service.threads, before_waiting)

    def _close_as_idle(self) -> None:
        log.info("connection ended: '%s' - idle for %g s", self._name, self._service.idle_seconds)
        self.close()

    async def _end(self) -> None:
        try:
            await self._finish()
        finally:
            self._all_done.set()
            self._ended(self)

    async def _finish(self) -> None:
        for channel in self._channels:
            await channel.wait_ended()
        if self._login and not self._login.exception():
            self._login.result().end()
        if self._is_in:
            self._activity.record("DISCONNECTED")
        elif self._name:
            ip = self._activity.client_ip
            self._activity.record("AUTH_FAILURE", method="publickey", user=self._name, source_ip=ip)


def _is_blocked(name: str) -> bool:
    """`root` and names of one or two characters never get in (user guide, create-user)."""
    return name == "root" or len(name) < 3
