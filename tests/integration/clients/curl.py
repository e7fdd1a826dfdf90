"""curl, with libssh2."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

from tests.integration.clients.client import Client, Login, NotOffered, quoted


class Curl(Client):
    name = "curl"
    settings = (
        "with libssh2 before 1.11 (Debian 12 has 1.10): `SecurityPolicyName` "
        "`TransferSecurityPolicy-2022-03`, since newer ones take ETM MACs only "
        "(curl: Unable to exchange encryption keys)"
    )
    security_policy = "TransferSecurityPolicy-2022-03"

    def __init__(self, login: Login) -> None:
        super().__init__(login)
        self._public = login.folder / "key.pub"
        self._public.write_text(self.run("ssh-keygen", "-y", "-f", str(login.key)))

    def version(self) -> str:
        return self.run("curl", "--version").split()[1]

    def url(self, path: str) -> str:
        return f"sftp://{self.login.host}:{self.login.port}/~/{quote(path)}"

    def curl(self, *arguments: str) -> str:
        login = self.login
        return self.run(
            *("curl", "-q", "-sS", "--user", f"{login.user}:", "--key", str(login.key)),
            *("--pubkey", str(self._public)),
            *("--hostpubsha256", login.fingerprint.removeprefix("SHA256:")),
            *arguments,
        )

    def command(self, *words: str) -> None:
        """Send one of its "quote" commands; curl does nothing without a transfer, so it lists."""
        line = " ".join([words[0], *map(quoted, words[1:])])
        self.curl("--quote", line, "--list-only", "--output", "/dev/null", self.url(""))

    def put(self, local: Path, remote: str) -> None:
        self.curl("--upload-file", str(local), self.url(remote))

    def get(self, remote: str, local: Path) -> None:
        self.curl("--output", str(local), self.url(remote))

    def names(self, folder: str) -> list[str]:
        listed = self.curl("--list-only", self.url(f"{folder}/" if folder else "")).splitlines()
        return [name for name in listed if name not in (".", "..")]

    def mkdir(self, folder: str) -> None:
        self.command("mkdir", folder)

    def rmdir(self, folder: str) -> None:
        self.command("rmdir", folder)

    def remove(self, remote: str) -> None:
        self.command("rm", remote)

    def rename(self, old: str, new: str) -> None:
        self.command("rename", old, new)

    def put_with_times(self, local: Path, remote: str) -> None:
        self.put(local, remote)
        self.command("mtime", formatdate(local.stat().st_mtime, usegmt=True), remote)

    def resume(self, local: Path, remote: str) -> None:
        self.curl("--continue-at", "-", "--upload-file", str(local), self.url(remote))

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        names = ",".join(map(str, local))
        self.curl("--upload-file", f"{{{names}}}", self.url(f"{folder}/"))

    def put_tree(self, local: Path, remote: str) -> None:
        raise NotOffered
