"""Python's two libraries, used as their documentation shows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import asyncssh
import paramiko

from tests.integration.clients.client import Client, Login, Refused


class Paramiko(Client):
    name = "paramiko"
    settings = "`put`, which looks at the result: `close` after `open` keeps a refusal to itself"

    def __init__(self, login: Login) -> None:
        super().__init__(login)
        self._ssh = paramiko.SSHClient()
        self._ssh.load_host_keys(str(login.known_hosts))
        self._ssh.connect(
            login.host,
            login.port,
            login.user,
            key_filename=str(login.key),
            allow_agent=False,
            look_for_keys=False,
        )
        self._sftp = self._ssh.open_sftp()

    def close(self) -> None:
        self._ssh.close()

    def version(self) -> str:
        return version("paramiko")

    def put(self, local: Path, remote: str) -> None:
        with _told():
            self._sftp.put(str(local), remote)

    def get(self, remote: str, local: Path) -> None:
        with _told():
            self._sftp.get(remote, str(local))

    def names(self, folder: str) -> list[str]:
        with _told():
            return self._sftp.listdir(folder or ".")

    def mkdir(self, folder: str) -> None:
        with _told():
            self._sftp.mkdir(folder)

    def rmdir(self, folder: str) -> None:
        with _told():
            self._sftp.rmdir(folder)

    def remove(self, remote: str) -> None:
        with _told():
            self._sftp.remove(remote)

    def rename(self, old: str, new: str) -> None:
        with _told():
            self._sftp.rename(old, new)

    def put_with_times(self, local: Path, remote: str) -> None:
        self.put(local, remote)
        with _told():
            self._sftp.utime(remote, (local.stat().st_atime, local.stat().st_mtime))

    def resume(self, local: Path, remote: str) -> None:
        with _told(), self._sftp.open(remote, "ab") as file:
            file.write(local.read_bytes()[file.tell() :])

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        for path in local:
            self.put(path, f"{folder}/{path.name}")


class Asyncssh(Client):
    name = "asyncssh"
    settings = "none"

    def version(self) -> str:
        return version("asyncssh")

    def ask(self, operation: Callable[[asyncssh.SFTPClient], Awaitable[object]]) -> object:
        """Log in, do one thing, log out."""

        async def asked() -> object:
            login = self.login
            async with (
                asyncssh.connect(
                    login.host,
                    login.port,
                    username=login.user,
                    client_keys=[str(login.key)],
                    known_hosts=str(login.known_hosts),
                    config=None,
                    agent_path=None,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                return await operation(sftp)

        with _told():
            return asyncio.run(asked())

    def put(self, local: Path, remote: str) -> None:
        self.ask(lambda sftp: sftp.put(local, remote))

    def get(self, remote: str, local: Path) -> None:
        self.ask(lambda sftp: sftp.get(remote, local))

    def names(self, folder: str) -> list[str]:
        listed = self.ask(lambda sftp: sftp.listdir(folder or "."))
        assert isinstance(listed, list)
        return listed

    def mkdir(self, folder: str) -> None:
        self.ask(lambda sftp: sftp.mkdir(folder))

    def rmdir(self, folder: str) -> None:
        self.ask(lambda sftp: sftp.rmdir(folder))

    def remove(self, remote: str) -> None:
        self.ask(lambda sftp: sftp.remove(remote))

    def rename(self, old: str, new: str) -> None:
        self.ask(lambda sftp: sftp.rename(old, new))

    def put_with_times(self, local: Path, remote: str) -> None:
        self.ask(lambda sftp: sftp.put(local, remote, preserve=True))

    def resume(self, local: Path, remote: str) -> None:
        async def append(sftp: asyncssh.SFTPClient) -> None:
            async with sftp.open(remote, "ab") as file:
                await file.write(local.read_bytes()[await file.tell() :])

        self.ask(append)

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        self.ask(lambda sftp: sftp.put(list(local), folder))

    def put_tree(self, local: Path, remote: str) -> None:
        self.ask(lambda sftp: sftp.put(local, remote, recurse=True))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OSError, asyncssh.Error) as error:
        raise Refused(str(error)) from error
