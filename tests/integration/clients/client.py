"""What every client is asked to do, and the three ways it can end."""

from __future__ import annotations

import os
import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

PATIENCE_SECONDS = 120


class Refused(Exception):  # noqa: N818
    """The operation failed; `str()` of it are the client's own last words."""


class NotOffered(Exception):  # noqa: N818
    """The client has no such operation."""


@dataclass(frozen=True)
class Login:
    """A user's way in, as files and words. `folder` is the client's own, and empty."""

    host: str
    port: int
    user: str
    key: Path  # PEM, nobody else may read it
    known_hosts: Path
    fingerprint: str  # of the host key, `SHA256:...`
    folder: Path

    @property
    def ssh_options(self) -> list[str]:
        """Options of OpenSSH's `ssh` and of what calls it, but for the port and the user."""
        return [
            *("-F", "none", "-o", f"IdentityFile={self.key}", "-o", "BatchMode=yes"),
            *("-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes"),
            *("-o", f"UserKnownHostsFile={self.known_hosts}"),
        ]


class Client(ABC):
    """Somebody else's client as one user. Remote paths begin at the home.

    Each operation raises Refused when it fails, and NotOffered when the client has none.
    """

    name: ClassVar[str]
    settings: ClassVar[str]  # what it must be told to get along with Transfer, for its users
    security_policy: ClassVar[str | None] = None  # None: the stack's own
    departs: ClassVar[Mapping[str, str]] = {}  # operation -> why AWS's rule does not show
    variables: ClassVar[Mapping[str, str]] = {}  # of its environment
    chatter: ClassVar[str] = "$^"  # lines on stderr that are no complaint
    closes_late: ClassVar[bool] = False  # an upload ends here before the server is sent CLOSE

    def __init__(self, login: Login) -> None:
        self.login = login
        self.complaints: list[str] = []  # of commands that succeeded

    @abstractmethod
    def version(self) -> str:
        """Its version, as short as it can be told."""

    @abstractmethod
    def put(self, local: Path, remote: str) -> None:
        """Upload one file."""

    @abstractmethod
    def get(self, remote: str, local: Path) -> None:
        """Download one file."""

    def close(self) -> None:  # noqa: B027
        """Let go what was kept between operations."""

    def log_in(self) -> None:
        """Prove that it can come in."""
        self.names("")

    def names(self, folder: str) -> list[str]:
        """List a folder; the empty path is the home."""
        raise NotOffered

    def mkdir(self, folder: str) -> None:
        raise NotOffered

    def rmdir(self, folder: str) -> None:
        raise NotOffered

    def remove(self, remote: str) -> None:
        raise NotOffered

    def rename(self, old: str, new: str) -> None:
        raise NotOffered

    def put_with_times(self, local: Path, remote: str) -> None:
        """Upload one file and give it the local one's times."""
        raise NotOffered

    def resume(self, local: Path, remote: str) -> None:
        """Go on with an upload of which `remote` is the first part, or append to it."""
        raise NotOffered

    def put_all(self, local: Sequence[Path], folder: str) -> None:
        """Upload several files in one login."""
        raise NotOffered

    def put_tree(self, local: Path, remote: str) -> None:
        """Upload a folder with all in it; `remote` does not exist."""
        raise NotOffered

    def run(self, *command: str, text: str = "") -> str:
        """Run a program to its end; its output, or Refused with its last words."""
        own = {"HOME": str(self.login.folder), "LC_ALL": "C.UTF-8", **self.variables}
        try:
            done = subprocess.run(
                command,
                input=text,
                capture_output=True,
                text=True,
                check=True,
                timeout=PATIENCE_SECONDS,
                env={**os.environ, **own},
            )
        except subprocess.CalledProcessError as error:
            said = self._complaints(error.stderr) or self._complaints(error.stdout)
            raise Refused(self.essence(said)) from error
        self.complaints += self._complaints(done.stderr)
        return done.stdout

    def essence(self, said: list[str]) -> str:
        """What to tell of several lines of complaint."""
        return said[-1] if said else "(no words)"

    def _complaints(self, text: str) -> list[str]:
        lines = [line.strip() for line in text.splitlines()]
        return [line for line in lines if line and not re.search(self.chatter, line)]


def quoted(name: Path | str) -> str:
    """A word in quotes, as most clients read it."""
    return '"' + str(name).replace("\\", "\\\\").replace('"', '\\"') + '"'
