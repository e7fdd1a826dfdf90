"""The servers' host keys as files, for another SSH front end of the same servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.sftp.listeners import ServerStore
from emulator.transfer.model import Server


@dataclass(frozen=True)
class HostKeyFolder:
    """A store of servers whose host keys lie in `folder` before anybody is told of the servers.

    Files are `<server-id>`, mode 0600, whole or not there; those of deleted servers are removed.
    """

    store: ServerStore
    folder: Path

    def revision(self) -> int:
        """Rise with every change."""
        return self.store.revision()

    def servers(self) -> Sequence[Server]:
        """Give the servers, and write their keys."""
        servers = self.store.servers()
        self.folder.mkdir(parents=True, exist_ok=True)
        for stale in {*self.folder.glob("s-*")} - {self.folder / server.id for server in servers}:
            stale.unlink()
        for server in servers:
            # That front end shows one key, the oldest.
            _keep(self.folder / server.id, server.active_host_keys[0].pem)
        return servers


def _keep(file: Path, key: str) -> None:
    if file.exists() and file.read_text() == key:
        return
    new = file.with_name(f"s-new-{file.name}")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(key)
    new.replace(file)
