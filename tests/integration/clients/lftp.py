"""lftp, which speaks SFTP itself and leaves SSH to OpenSSH."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from tests.integration.clients.scripted import Scripted


class Lftp(Scripted):
    name = "lftp"
    settings = (
        '`set sftp:connect-program "ssh -a -x -i KEY"`; never `put -c`. AWS\'s guide '
        "(transfer-file) says that its large downloads may fail there, since it asks out of order; "
        "here they do not"
    )

    def version(self) -> str:
        return self.run("lftp", "--version").split()[3]

    def script(self, *lines: str) -> str:
        """Run commands after logging in; they end at the first that fails."""
        login = self.login
        ssh = shlex.join(["ssh", "-a", "-x", *login.ssh_options])
        script = [
            "set cmd:fail-exit yes",
            "set net:max-retries 1",
            f"set sftp:connect-program {self.quoted(ssh)}",
            f"open -u {login.user},unused sftp://{login.host}:{login.port}",
            *lines,
        ]
        return self.run("lftp", "--norc", "-c", "\n".join(script))

    def put(self, local: Path, remote: str) -> None:
        self.script(f"put {self.quoted(local)} -o {self.quoted(remote)}")

    def get(self, remote: str, local: Path) -> None:
        self.script(f"get {self.quoted(remote)} -o {self.quoted(local)}")

    def names(self, folder: str) -> list[str]:
        listed = self.script(f"cd {self.quoted(folder or '.')}", "cls -1").splitlines()
        return [line.rstrip("/") for line in listed]

    def put_with_times(self, local: Path, remote: str) -> None:
        # It sets them whenever it can.
        self.put(local, remote)

    def resume(self, local: Path, remote: str) -> None:
        self.script(f"put -c {self.quoted(local)} -o {self.quoted(remote)}")

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.script(f"mput -P 4 -O {self.quoted(folder)} {' '.join(map(self.quoted, local))}")

    def put_tree(self, local: Path, remote: str) -> None:
        self.script(f"mirror -R {self.quoted(local)} {self.quoted(remote)}")
