"""Clients that are given lines of a script, most of them with the same words."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from tests.integration.clients.client import Client, quoted


class Scripted(Client):
    """Lines run after logging in, and end at the first that fails."""

    @abstractmethod
    def script(self, *lines: str) -> str:
        """Run them; gives what the client says."""

    @staticmethod
    def quoted(name: Path | str) -> str:
        """A word of a line."""
        return quoted(name)

    def put(self, local: Path, remote: str) -> None:
        self.script(f"put {self.quoted(local)} {self.quoted(remote)}")

    def get(self, remote: str, local: Path) -> None:
        self.script(f"get {self.quoted(remote)} {self.quoted(local)}")

    def mkdir(self, folder: str) -> None:
        self.script(f"mkdir {self.quoted(folder)}")

    def rmdir(self, folder: str) -> None:
        self.script(f"rmdir {self.quoted(folder)}")

    def remove(self, remote: str) -> None:
        self.script(f"rm {self.quoted(remote)}")

    def rename(self, old: str, new: str) -> None:
        self.script(f"mv {self.quoted(old)} {self.quoted(new)}")

    def resume(self, local: Path, remote: str) -> None:
        self.script(f"reput {self.quoted(local)} {self.quoted(remote)}")
