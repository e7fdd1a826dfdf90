"""The suite on the compose project: brought up when it is not, its logs kept when a test fails."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from testcontainers.compose import DockerCompose

from tests.integration.support import Environment, get_json

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "build" / "compose-logs"
ENDS = {"deploy"}  # when all is as it should be
FRONT_ENDS = ("openssh", "asyncssh")


class NoProject(Exception):  # noqa: N818
    """The compose project cannot be used; `str()` says why and what to do."""


class Project:
    """The compose project of this checkout; `is_ours` when nothing of it ran before."""

    def __init__(self) -> None:
        self._compose = DockerCompose(ROOT, build=True)
        self.is_ours = False

    def bring_up(self) -> None:
        """Bring it up, unless all of it runs: then it is used as it is."""
        try:
            running = {each.Service for each in self._compose.get_containers()}
            self.is_ours = not running
            if settings().services.keys() - running - ENDS:
                self._compose.start()
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoProject(f"the compose project is not up: {_last_words(error)}") from error

    def keep_logs(self) -> Path:
        """Write every service's log into a file of its own; gives the folder."""
        shutil.rmtree(LOGS, ignore_errors=True)
        LOGS.mkdir(parents=True)
        for container in self._compose.get_containers(include_all=True):
            assert container.Service is not None
            told, complaints = self._compose.get_logs(container.Service)
            (LOGS / f"{container.Service}.log").write_text(told + complaints)
        return LOGS

    def leave(self) -> None:
        """Take down what was brought up here. Volumes stay: they may be older than this run."""
        if self.is_ours:
            command = [*self._compose.docker_compose_command(), "down"]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def _last_words(error: OSError | subprocess.CalledProcessError) -> str:
    if isinstance(error, OSError):
        return f"'{error.filename}' ({error.strerror}) - install Docker and its compose plug-in"
    lines = error.stderr.decode(errors="replace").strip().splitlines()
    return f"'{lines[-1] if lines else error}' - try: docker compose up --build --wait"


@dataclass(frozen=True)
class Settings:
    """What docker-compose.yml and .env come to."""

    services: dict[str, Any]

    @property
    def state(self) -> Path:
        """The folder that `deploy` writes to."""
        volumes = self.services["deploy"]["volumes"]
        return next(Path(each["source"]) for each in volumes if each["target"] == "/state")

    def published(self, service: str, port: int) -> int:
        """The port of this machine that leads to a service's."""
        ports = self.services[service]["ports"]
        return next(int(each["published"]) for each in ports if each["target"] == port)


@cache
def settings() -> Settings:
    """As they are now."""
    command = [*DockerCompose(ROOT).docker_compose_command(), "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return Settings(json.loads(done.stdout)["services"])


def composed() -> Environment:
    """The environment as `deploy` describes it, with the name of its SFTP front end."""
    file = settings().state / "compose.json"
    try:
        return Environment({**json.loads(file.read_text()), "front_end": "openssh"})
    except OSError as error:
        raise NoProject(f"not deployed: '{file}' - run: docker compose up --wait") from error


def through(front_end: str, environment: Environment) -> Environment:
    """The same environment, its server reached by this front end."""
    if front_end == "openssh":
        return environment
    ports = get_json(f"{environment.transfer_endpoint}/_quillgate/ports")
    port = settings().published("transfer", ports[environment.server_id])
    return Environment({**environment.values, "front_end": front_end, "sftp_port": port})
