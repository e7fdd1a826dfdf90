"""What the workloads know of a server, and how OpenSSH's client is called on it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from quillgate.ports import HOST

CLIENT_SECONDS = 900.0

Seed = Callable[[str, int], None]
"""Puts so many empty files into a new folder of the server, without SFTP: that is quicker."""


class BenchError(Exception):
    """A server did not do what was asked of it, so there is nothing to compare."""


@dataclass(frozen=True)
class Server:
    """One of those compared.

    `processes` maps what people call its processes to their ids; their children count as theirs.
    `seed` does nothing for a server that shares its files with one seeded before.
    `settle` waits until work done behind an upload no longer disturbs the next measurement.
    """

    name: str
    port: int
    user: str
    key: Path
    processes: Mapping[str, int]
    seed: Seed = lambda folder, count: None
    settle: Callable[[], None] = lambda: None

    def start(self, *lines: str) -> subprocess.Popen[str]:
        """Start `sftp` with a batch of lines; it ends at the first that fails."""
        process = subprocess.Popen(
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None  # noqa: S101  # it was started with a pipe
        process.stdin.write("\n".join(lines) + "\n")
        process.stdin.close()
        process.stdin = None  # `communicate` would close it once more
        return process

    def finish(self, process: subprocess.Popen[str]) -> str:
        """Wait for it and give its output; BenchError with its last words when it failed."""
        try:
            output, errors = process.communicate(timeout=CLIENT_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise BenchError(f"sftp takes too long: '{self.name}' - run it again") from error
        if process.returncode:
            words = (errors or output).strip()[-300:]
            raise BenchError(f"sftp failed on {self.name}: '{words}' - run it again")
        return output

    def sftp(self, *lines: str) -> str:
        """Run a batch to its end."""
        return self.finish(self.start(*lines))

    def _command(self) -> list[str]:
        options = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "IdentityFile": str(self.key),
            # Made a moment ago by ourselves, on the loopback interface.
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        command = ["sftp", "-F", "none", *words, "-P", str(self.port)]
        return [*command, "-b", "-", f"{self.user}@{HOST}"]
