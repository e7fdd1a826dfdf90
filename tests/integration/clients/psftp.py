"""PuTTY's psftp, from Debian's putty-tools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.integration.clients.client import Client, Login


class Psftp(Client):
    name = "psftp"
    settings = "the key as .ppk: `puttygen KEY -O private -o KEY.ppk`"
    chatter = "^Using username"

    def __init__(self, login: Login) -> None:
        super().__init__(login)
        self._key = login.folder / "key.ppk"
        self.run("puttygen", str(login.key), "-O", "private", "-o", str(self._key))

    def version(self) -> str:
        found = re.search(r"Release ([\d.]+)", self.run("psftp", "--version"))
        return found[1] if found else "?"

    def batch(self, *lines: str) -> str:
        """Run a batch; it ends at the first line that fails."""
        login, script = self.login, self.login.folder / "batch"
        script.write_text("".join(f"{line}\n" for line in lines))
        return self.run(
            *("psftp", "-batch", "-b", str(script), "-i", str(self._key), "-P", str(login.port)),
            *("-hostkey", login.fingerprint, f"{login.user}@{login.host}"),
        )

    def put(self, local: Path, remote: str) -> None:
        self.batch(f"put {quoted(local)} {quoted(remote)}")

    def get(self, remote: str, local: Path) -> None:
        self.batch(f"get {quoted(remote)} {quoted(local)}")

    def names(self, folder: str) -> list[str]:
        listed = self.batch(f"ls {quoted(folder or '.')}").partition("Listing directory ")[2]
        # mode, links, owner, group, size, month, day, time, name
        return [line.split(None, 8)[8] for line in listed.splitlines()[1:] if line]

    def mkdir(self, folder: str) -> None:
        self.batch(f"mkdir {quoted(folder)}")

    def rmdir(self, folder: str) -> None:
        self.batch(f"rmdir {quoted(folder)}")

    def remove(self, remote: str) -> None:
        self.batch(f"rm {quoted(remote)}")

    def rename(self, old: str, new: str) -> None:
        self.batch(f"mv {quoted(old)} {quoted(new)}")

    def resume(self, local: Path, remote: str) -> None:
        self.batch(f"reput {quoted(local)} {quoted(remote)}")

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.batch(*(f"put {quoted(path)} {quoted(f'{folder}/{path.name}')}" for path in local))

    def put_tree(self, local: Path, remote: str) -> None:
        self.batch(f"put -r {quoted(local)} {quoted(remote)}")


def quoted(name: Path | str) -> str:
    """A word of a batch: psftp doubles what it quotes."""
    return '"' + str(name).replace('"', '""') + '"'
