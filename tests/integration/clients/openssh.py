"""OpenSSH's `sftp` and `scp`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.integration.clients.client import Client
from tests.integration.clients.scripted import Scripted


class OpenSsh(Client):
    """What the two have in common."""

    def version(self) -> str:
        told = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
        return told.split()[0].removeprefix("OpenSSH_").rstrip(",")

    @property
    def options(self) -> list[str]:
        return ["-q", *self.login.ssh_options, "-P", str(self.login.port)]

    @property
    def address(self) -> str:
        return f"{self.login.user}@{self.login.host}"


class Sftp(OpenSsh, Scripted):
    name = "OpenSSH sftp"
    settings = "none; `put -p` needs `SetStatOption: ENABLE_NO_OP` to stay without a complaint"

    def script(self, *lines: str) -> str:
        """Run a batch; it ends at the first line that fails."""
        command = ["sftp", *self.options, "-b", "-", self.address]
        return self.run(*command, text="".join(f"{line}\n" for line in lines))

    def names(self, folder: str) -> list[str]:
        listed = self.script(f"cd {self.quoted(folder or '.')}", "ls -1")
        return [line for line in listed.splitlines() if not line.startswith("sftp> ")]

    def rename(self, old: str, new: str) -> None:
        self.script(f"rename {self.quoted(old)} {self.quoted(new)}")

    def put_with_times(self, local: Path, remote: str) -> None:
        self.script(f"put -p {self.quoted(local)} {self.quoted(remote)}")

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.script(*(f"put {self.quoted(path)} {self.quoted(folder)}/" for path in local))

    def put_tree(self, local: Path, remote: str) -> None:
        self.script(f"put -R {self.quoted(local)} {self.quoted(remote)}")


class Scp(OpenSsh):
    name = "OpenSSH scp"
    settings = "version 9 or newer (older ones: `-s`)"

    def essence(self, said: list[str]) -> str:
        # The last line only says that the file was not sent.
        return said[0]

    def log_in(self) -> None:
        (self.login.folder / "empty").touch()
        self.put(self.login.folder / "empty", "logged-in-by-scp")

    def put(self, local: Path, remote: str) -> None:
        self.run("scp", *self.options, str(local), f"{self.address}:{remote}")

    def get(self, remote: str, local: Path) -> None:
        self.run("scp", *self.options, f"{self.address}:{remote}", str(local))

    def put_with_times(self, local: Path, remote: str) -> None:
        self.run("scp", "-p", *self.options, str(local), f"{self.address}:{remote}")

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.run("scp", *self.options, *map(str, local), f"{self.address}:{folder}/")

    def put_tree(self, local: Path, remote: str) -> None:
        self.run("scp", "-r", *self.options, str(local), f"{self.address}:{remote}")
