"""Keep this machine's accounts and its sshd as the Transfer server is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

from emulator.mount.accounts import Accounts
from emulator.mount.host_key import HostKeyError, HostKeys
from emulator.mount.logins import Logins
from emulator.mount.transfer_api import TransferApi, TransferError
from emulator.transfer.model import Server

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STALE_SECONDS = 10.0


@dataclass(frozen=True)
class Files:
    """What sshd reads when it starts or is told to."""

    sshd_config: str
    host_key: str
    banner: str

    def write(self, folder: Path) -> None:
        """Write each where the configuration says it is."""
        for name, text in vars(self).items():
            file = folder / name
            file.touch(mode=0o600)
            file.write_text(text)


class Served:
    """The server that is served, as last seen: it may be OFFLINE; None when there is none."""

    server: Server | None = None

    @property
    def id(self) -> str | None:
        """Its id."""
        return self.server.id if self.server else None

    def find(self, server_id: str) -> Server | None:
        """Give the server if this is its id."""
        return self.server if server_id == self.id else None


class SshServer(Protocol):
    """sshd, as far as it is steered."""

    @property
    def is_running(self) -> bool: ...  # noqa: D102
    def check(self) -> None: ...  # noqa: D102
    def serve(self) -> None: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Parts:
    """What is kept in step, and with what. `configure(server)` gives sshd's configuration."""

    api: TransferApi
    find_server: Callable[[], str | None]
    host_keys: HostKeys
    accounts: Accounts
    logins: Logins
    sshd: SshServer
    configure: Callable[[Server], str]
    run: Path
    is_mounted: Callable[[], bool]


class NoServer(Exception):  # noqa: N818
    """There is none to serve; it may be made yet."""


class MountLost(Exception):  # noqa: N818
    """The homes are no longer mounted."""


class Supervisor:
    """Look every second; what cannot be asked now stays as it was, and is said once."""

    def __init__(self, parts: Parts, served: Served) -> None:
        self._parts = parts
        self._served = served
        self._files: Files | None = None
        self._complaint = ""
        self._looked_at = float("-inf")

    @property
    def is_in_step(self) -> bool:
        """Whether there is a server, and a look at it went well a moment ago."""
        return bool(self._served.server) and time.monotonic() - self._looked_at < STALE_SECONDS

    def run(self, told_to_stop: Event) -> None:
        """Keep in step until told to stop; raises SshdError or MountLost when that has died."""
        while not told_to_stop.is_set():
            self.look()
            told_to_stop.wait(LOOK_SECONDS)

    def look(self) -> None:
        """Look once, and do what differs."""
        self._parts.sshd.check()
        if not self._parts.is_mounted():
            raise MountLost("the homes are no longer mounted - the mount's log says why")
        try:
            self._follow()
        except (TransferError, HostKeyError, NoServer) as error:
            self._complain(str(error))
        else:
            self._complaint = ""
            self._looked_at = time.monotonic()

    def stop(self, patience_seconds: float) -> bool:
        """Listen no more and end the connections; False when that takes too long."""
        self._parts.sshd.stop()
        self._files = None
        return self._parts.logins.end_all(patience_seconds)

    def _follow(self) -> None:
        server = self._served.server = self._find()
        if not server or server.state != "ONLINE":
            self._rest()
        if not server:
            raise NoServer("no server: 'none yet' - waiting until it is made")
        if server.state == "ONLINE":
            self._parts.accounts.update(self._parts.api.accounts(server.id))
            self._serve(server)

    def _find(self) -> Server | None:
        """Stay with the server as long as it is there."""
        server_id = self._served.id or self._parts.find_server()
        return self._parts.api.server(server_id) if server_id else None

    def _serve(self, server: Server) -> None:
        files = Files(
            self._parts.configure(server),
            self._parts.host_keys.of(server.id),
            server.login_banner,
        )
        if files != self._files:
            files.write(self._parts.run)
            self._parts.sshd.serve()
            self._files = files
            log.info("SFTP for %s on port 2222, %s", server.id, server.security_policy)

    def _rest(self) -> None:
        if self._parts.sshd.is_running:
            log.info("SFTP stopped: the server is not ONLINE")
            self.stop(STALE_SECONDS)

    def _complain(self, text: str) -> None:
        """Say it once, not at each look."""
        if text != self._complaint:
            self._complaint = text
            log.warning("%s", text)
