"""ssh2-sftp-client from npm, on node. `make test-clients` installs it beside `node/ask.mjs`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.integration.clients.client import Client, Login

NODE = Path(__file__).parent / "node"


class Ssh2SftpClient(Client):
    name = "ssh2-sftp-client"
    settings = "none"

    def __init__(self, login: Login) -> None:
        super().__init__(login)
        self._login = login.folder / "login.json"
        values = {
            **{"host": login.host, "port": login.port, "user": login.user},
            **{"key": str(login.key), "fingerprint": login.fingerprint},
        }
        self._login.write_text(json.dumps(values))

    def version(self) -> str:
        package = NODE / "node_modules/ssh2-sftp-client/package.json"
        return str(json.loads(package.read_text())["version"])

    def ask(self, operation: str, *words: Path | str) -> str:
        command = ["node", str(NODE / "ask.mjs"), str(self._login), operation]
        return self.run(*command, *map(str, words))

    def put(self, local: Path, remote: str) -> None:
        self.ask("put", local, remote)

    def get(self, remote: str, local: Path) -> None:
        self.ask("get", remote, local)

    def names(self, folder: str) -> list[str]:
        return list(json.loads(self.ask("names", folder or ".")))

    def mkdir(self, folder: str) -> None:
        self.ask("mkdir", folder)

    def rmdir(self, folder: str) -> None:
        self.ask("rmdir", folder)

    def remove(self, remote: str) -> None:
        self.ask("remove", remote)

    def rename(self, old: str, new: str) -> None:
        self.ask("rename", old, new)

    def resume(self, local: Path, remote: str) -> None:
        self.ask("append", local, remote)

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.ask("putAll", folder, *local)

    def put_tree(self, local: Path, remote: str) -> None:
        self.ask("putTree", local, remote)
