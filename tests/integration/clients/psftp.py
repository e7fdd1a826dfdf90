"""PuTTY's psftp, from Debian's putty-tools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.integration.clients.client import Login
from tests.integration.clients.scripted import Scripted


class Psftp(Scripted):
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

    def script(self, *lines: str) -> str:
        """Run a batch; it ends at the first line that fails."""
        login, script = self.login, self.login.folder / "batch"
        script.write_text("".join(f"{line}\n" for line in lines))
        return self.run(
            *("psftp", "-batch", "-b", str(script), "-i", str(self._key), "-P", str(login.port)),
            *("-hostkey", login.fingerprint, f"{login.user}@{login.host}"),
        )

    def names(self, folder: str) -> list[str]:
        listed = self.script(f"ls {self.quoted(folder or '.')}").partition("Listing directory ")[2]
        # mode, links, owner, group, size, month, day, time, name
        return [line.split(None, 8)[8] for line in listed.splitlines()[1:] if line]

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.script(
            *(f"put {self.quoted(path)} {self.quoted(f'{folder}/{path.name}')}" for path in local)
        )

    def put_tree(self, local: Path, remote: str) -> None:
        self.script(f"put -r {self.quoted(local)} {self.quoted(remote)}")

    @staticmethod
    def quoted(name: Path | str) -> str:
        """A word of a line: psftp doubles what it quotes."""
        return '"' + str(name).replace('"', '""') + '"'
