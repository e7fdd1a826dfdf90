"""What every server is asked to do, by OpenSSH's own client; a time is that of whole commands."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.server import BenchError, Server
from benchmarks.sources import CLIENTS, Sources, differences

T = TypeVar("T")
LOGINS = 5
FOLDERS = {"ls -l 300": 300, "ls -l 10,000": 10_000}


@dataclass
class Round:
    """One server's turn: seconds by workload, and the files that did not come back as sent."""

    server: Server
    sources: Sources
    folder: str
    seconds: dict[str, float] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Do all of it in folders that no other round uses."""
        crowd = [f"{self.folder}/client{number}" for number in range(CLIENTS)]
        folders = [self.folder, f"{self.folder}/big", f"{self.folder}/small", *crowd]
        self.server.sftp(*(f"mkdir {folder}" for folder in folders))
        self._log_in()
        self._send_and_fetch("200 MB", self.sources.big, f"{self.folder}/big")
        self._send_and_fetch("300 x 4 KB", self.sources.small, f"{self.folder}/small")
        self._list()
        self._crowd(crowd)
        big = [f"{each}/big.bin" for each in (f"{self.folder}/big", *crowd)]
        self.server.sftp(*(f"rm {name}" for name in big))

    def _log_in(self) -> None:
        def log_in() -> None:
            for _ in range(LOGINS):
                self.server.sftp("pwd")

        self._timed("login", log_in)
        self.seconds["login"] /= LOGINS
        self._timed("8 logins", lambda: self._at_once([["pwd"]] * CLIENTS))

    def _send_and_fetch(self, what: str, source: Path, remote: str) -> None:
        self._timed(f"put {what}", lambda: self.server.sftp(*_put(source, remote)))
        with self._fetched([source]) as (target,):
            self._timed(f"get {what}", lambda: self.server.sftp(*_get(remote, target)))

    def _list(self) -> None:
        for name, count in FOLDERS.items():
            listing = self._timed(name, partial(self.server.sftp, f"ls -l {listed(count)}"))
            found = listing.count(".csv")
            if found != count:
                raise BenchError(
                    f"{self.server.name} does not list all: '{found}' names - there are {count}"
                )

    def _crowd(self, remotes: list[str]) -> None:
        sources = list(self.sources.crowd)
        puts = [_put(source, remote) for source, remote in zip(sources, remotes, strict=True)]
        self._timed("8 clients put", lambda: self._at_once(puts))
        with self._fetched(sources) as targets:
            gets = [_get(remote, target) for remote, target in zip(remotes, targets, strict=True)]
            self._timed("8 clients get", lambda: self._at_once(gets))

    def _at_once(self, batches: list[list[str]]) -> None:
        clients = [self.server.start(*batch) for batch in batches]
        for client in clients:
            self.server.finish(client)

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        self.server.settle()
        before = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - before
        return result

    @contextmanager
    def _fetched(self, sources: list[Path]) -> Iterator[list[Path]]:
        """Give folders to fetch into; what differs from its source in the end is lost."""
        with tempfile.TemporaryDirectory(dir=self.sources.big.parent) as folder:
            targets = [Path(folder, source.name) for source in sources]
            for target in targets:
                target.mkdir()
            yield targets
            for source, target in zip(sources, targets, strict=True):
                self.lost += differences(source, target)


def seed(server: Server) -> None:
    """Make the folders that are listed."""
    for count in FOLDERS.values():
        server.seed(listed(count), count)


def listed(count: int) -> str:
    """The name of the folder with so many files."""
    return f"listed{count}"


def _put(source: Path, remote: str) -> list[str]:
    return [f'lcd "{source}"', f"cd {remote}", "put *"]


def _get(remote: str, target: Path) -> list[str]:
    return [f'lcd "{target}"', f"cd {remote}", "get *"]
