"""sshfs: the home as a folder of this machine, used with the system's own commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.integration.clients.client import Client, Login, Refused

NEW_FILES = "asks for the attributes as soon as it is opened: S3 has none before CLOSE"

WAY_OUT = "load the module fuse; a container needs --device /dev/fuse --cap-add SYS_ADMIN"


class Sshfs(Client):
    name = "sshfs"
    closes_late = True  # the kernel has it send CLOSE after close(2) has returned
    settings = (
        "none that help. It reads, and overwrites what is there, but for a new file it "
        f"{NEW_FILES}. "
        "A command ends before the server has said whether the file is stored"
    )
    departs = dict.fromkeys(
        (
            *("put", "put, SetStat DEFAULT", "keep times", "keep times, SetStat DEFAULT"),
            *("empty file", "20 MB", "mean name", "many files", "folder tree"),
        ),
        NEW_FILES,
    )

    def __init__(self, login: Login) -> None:
        super().__init__(login)
        self._mount = login.folder / "mount"
        self._mount.mkdir()
        where = (f"{login.user}@{login.host}:", str(self._mount))
        try:
            self.run(
                "sshfs", *login.ssh_options, "-p", str(login.port), "-o", "dir_cache=no", *where
            )
        except Refused as error:
            raise AssertionError(f"sshfs cannot mount: '{error}' - {WAY_OUT}") from error

    def close(self) -> None:
        self.run("fusermount3", "-u", str(self._mount))

    def version(self) -> str:
        found = re.search(r"SSHFS version ([\d.]+)", self.run("sshfs", "--version"))
        return found[1] if found else "?"

    def there(self, remote: str) -> str:
        return str(self._mount / remote)

    def put(self, local: Path, remote: str) -> None:
        self.run("cp", str(local), self.there(remote))

    def get(self, remote: str, local: Path) -> None:
        self.run("cp", self.there(remote), str(local))

    def names(self, folder: str) -> list[str]:
        return self.run("ls", self.there(folder)).splitlines()

    def mkdir(self, folder: str) -> None:
        self.run("mkdir", self.there(folder))

    def rmdir(self, folder: str) -> None:
        self.run("rmdir", self.there(folder))

    def remove(self, remote: str) -> None:
        self.run("rm", self.there(remote))

    def rename(self, old: str, new: str) -> None:
        self.run("mv", "-f", self.there(old), self.there(new))

    def put_with_times(self, local: Path, remote: str) -> None:
        self.run("cp", "--preserve=timestamps", str(local), self.there(remote))

    def resume(self, local: Path, remote: str) -> None:
        self.run("sh", "-c", 'tail -c +8 "$1" >>"$2"', "sh", str(local), self.there(remote))

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.run("cp", *map(str, local), self.there(folder))

    def put_tree(self, local: Path, remote: str) -> None:
        self.run("cp", "-r", str(local), self.there(remote))
