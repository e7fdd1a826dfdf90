"""rclone's sftp backend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.integration.clients.client import Client, Login

CONFIG = """[transfer]
type = sftp
host = {login.host}
port = {login.port}
user = {login.user}
key_file = {login.key}
known_hosts_file = {login.known_hosts}
shell_type = none
disable_hashcheck = true
disable_concurrent_writes = true
"""


class Rclone(Client):
    name = "rclone"
    settings = (
        "`shell_type = none`, `disable_hashcheck = true`, `disable_concurrent_writes = true`; "
        "`set_modtime = false` where `SetStatOption` is DEFAULT; `--inplace` from version 1.63 on, "
        "which would otherwise send to a temporary name and rename onto what is there"
    )
    variables: ClassVar = {"RCLONE_INPLACE": "true"}  # older versions overlook it
    departs: ClassVar = {"rename onto a file": "removes the other file first"}

    def __init__(self, login: Login) -> None:
        super().__init__(login)
        self._config = login.folder / "rclone.conf"
        self._config.write_text(CONFIG.format(login=login))

    def version(self) -> str:
        return self.rclone("version").split()[1].removeprefix("v")

    def rclone(self, *arguments: str) -> str:
        once = ["--retries", "1", "--low-level-retries", "1"]
        return self.run("rclone", "--config", str(self._config), *once, *arguments)

    def write(self, *arguments: str) -> None:
        self.rclone(*arguments, "--sftp-set-modtime=false", "--ignore-times")

    def put(self, local: Path, remote: str) -> None:
        self.write("copyto", str(local), f"transfer:{remote}")

    def get(self, remote: str, local: Path) -> None:
        self.rclone("copyto", f"transfer:{remote}", str(local))

    def names(self, folder: str) -> list[str]:
        return [line.rstrip("/") for line in self.rclone("lsf", f"transfer:{folder}").splitlines()]

    def mkdir(self, folder: str) -> None:
        self.rclone("mkdir", f"transfer:{folder}")

    def rmdir(self, folder: str) -> None:
        self.rclone("rmdir", f"transfer:{folder}")

    def remove(self, remote: str) -> None:
        self.rclone("deletefile", f"transfer:{remote}")

    def rename(self, old: str, new: str) -> None:
        self.rclone("moveto", f"transfer:{old}", f"transfer:{new}")

    def put_with_times(self, local: Path, remote: str) -> None:
        self.rclone("copyto", str(local), f"transfer:{remote}", "--ignore-times")

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.write("copy", os.path.commonpath(local), f"transfer:{folder}")

    def put_tree(self, local: Path, remote: str) -> None:
        self.write("copy", str(local), f"transfer:{remote}")
