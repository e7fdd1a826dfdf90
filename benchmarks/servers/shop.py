"""What starting a server takes: a folder, keys, a free port, and patience until it listens."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quillgate.ports import listens
from quillgate.processes import Child, Children

START_SECONDS = 60.0


@dataclass(frozen=True)
class Shop:
    """Where the peers are started. `client_key` and `host_key` are files of new key pairs."""

    children: Children
    folder: Path
    client_key: Path
    host_key: Path

    def start(
        self, name: str, command: list[str], port: int, environ: Mapping[str, str] | None = None
    ) -> Child:
        """Start a process that must listen on `port`; StartError when it does not."""
        child = self.children.start(name, command, environ or {}, self.folder / f"{name}.log")
        self.wait(name, port)
        return child

    def wait(self, name: str, port: int) -> None:
        """Wait until one that was started listens there; StartError when it does not."""
        self.children.wait_until(name, lambda: listens(port), START_SECONDS)

    @property
    def public_key(self) -> Path:
        """The client's public key, in OpenSSH's form."""
        return self.client_key.with_suffix(".pub")


def open_shop(children: Children, folder: Path) -> Shop:
    """Make the keys."""
    for name in ("client", "host"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return Shop(children, folder, folder / "client", folder / "host")
