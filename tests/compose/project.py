"""Compose projects of the tests' own, on ports of their own, from a copy of the checkout."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testcontainers.compose import DockerCompose

from tests.integration.compose import LOGS, ROOT
from tests.integration.support import Environment, Quill, get_json
from tests.integration.transfer_process import free_ports

PORTS = ("AWS", "TRANSFER", "SFTP", "ASYNCSSH", "QUILL", "CONSOLE")
FOLDERS = ("emulator", "quillgate", "stack", "watchdog")
FILES = (
    ".dockerignore",
    ".env",
    "Dockerfile",
    "constraints.txt",
    "docker-compose.yml",
    "pyproject.toml",
)


@dataclass(frozen=True)
class Project:
    """One project: `checkout` is the folder of its compose file, `state` its state folder."""

    name: str
    checkout: Path
    state: Path
    settings: Path

    def docker(self, *words: str) -> str:
        """What `docker compose` prints, which must succeed."""
        compose = DockerCompose(self.checkout, env_file=str(self.settings))
        # Variables of the shell would go before the file's.
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("COMPOSE_", "QUILLGATE_"))
        }
        done = subprocess.run(
            [*compose.docker_compose_command(), "--progress", "quiet", *words],
            cwd=self.checkout,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def up(self) -> Environment:
        """Bring it up, or back; the environment that `deploy` describes."""
        self.docker("up", "--wait")
        return self.environment

    def kill(self, service: str) -> None:
        self.docker("kill", "--signal", "KILL", service)

    @property
    def environment(self) -> Environment:
        values = json.loads((self.state / "compose.json").read_text())
        return Environment({**values, "front_end": "openssh"})

    @property
    def asyncssh(self) -> Environment:
        """The same, by Transfer's own SFTP server."""
        found = self.environment
        inner = get_json(f"{found.transfer_endpoint}/_quillgate/ports")[found.server_id]
        port = int(self.docker("port", "transfer", str(inner)).rpartition(":")[2])
        return Environment({**found.values, "front_end": "asyncssh", "sftp_port": port})

    @property
    def quill(self) -> Quill:
        return Quill(self.environment.quill_url)

    def said(self) -> str:
        """The log of `deploy`, all its runs."""
        return self.docker("logs", "--no-log-prefix", "deploy")

    def keep_logs(self) -> None:
        """Write every service's log where the suite's are."""
        LOGS.mkdir(parents=True, exist_ok=True)
        (LOGS / f"{self.name}.log").write_text(self.docker("logs", "--no-color"))


def copy_of_the_checkout(folder: Path) -> Path:
    """What the images and the stack are made of, in a folder of another name."""
    folder.mkdir()
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


@contextlib.contextmanager
def project(name: str, checkout: Path, state: Path) -> Iterator[Project]:
    """A project with ports of its own, and nothing of it left at the end.

    Whoever else runs the tests has projects of other names.
    """
    name = f"{name}-{os.getpid()}"
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    lines = [f"QUILLGATE_{service}_PORT={port}" for service, port in ports.items()]
    settings = checkout.parent / f"{name}.env"
    lines += [f"COMPOSE_PROJECT_NAME={name}", f"QUILLGATE_STATE='{state}'"]
    settings.write_text("\n".join(lines))
    made = Project(name, checkout, state, settings)
    try:
        yield made
    finally:
        made.docker("down", "--volumes", "--rmi", "all")
