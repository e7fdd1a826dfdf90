"""A Transfer process of a test's own, on the running environment's engine.

For what would disturb others: its options, its end, its memory, an engine that does not answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.integration.support import Environment, eventually


@dataclass(frozen=True)
class TransferProcess:
    """The process, and the environment with this one's server in place of the standing one."""

    process: subprocess.Popen[str]
    environment: Environment
    log: Path

    def events(self, kind: str) -> list[dict[str, str]]:
        """The activities of one type that it logged."""
        lines = [line for line in self.log.read_text().splitlines() if line[:1] == "{"]
        return [each for each in map(json.loads, lines) if each.get("activity-type") == kind]


class Relay:
    """A way to a port on loopback. While it is held, answers do not come back."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._may_answer = threading.Event()
        self._may_answer.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        self._may_answer.clear()

    def release(self) -> None:
        self._may_answer.set()

    def close(self) -> None:
        self.release()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                always = threading.Event()
                always.set()
                for pump in ((near, far, always), (far, near, self._may_answer)):
                    threading.Thread(target=_pump, args=pump, daemon=True).start()


def _pump(source: socket.socket, goal: socket.socket, allowed: threading.Event) -> None:
    with contextlib.suppress(OSError), source, goal:
        while data := source.recv(65536):
            allowed.wait()
            goal.sendall(data)


@contextlib.contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()


@contextlib.contextmanager
def start_transfer(
    environment: Environment, state: Path, *arguments: str, engine_port: int | None = None
) -> Iterator[TransferProcess]:
    """Start it with one server, ready for logins; killed at the end if it still runs."""
    (api, sftp), log = free_ports(2), state / "transfer.log"
    command = [sys.executable, "-m", "emulator.transfer_service", "--state", str(state)]
    ports = ["--api-port", str(api), "--sftp-port", str(sftp)]
    engine = engine_port or urlsplit(environment.aws_endpoint).port
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *ports, *arguments],
            stderr=output,
            text=True,
            env={
                **os.environ,
                **_aws(environment),
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{engine}",
            },
        )
    try:
        endpoint = f"http://127.0.0.1:{api}"
        own = Environment({**environment.values, "transfer_endpoint": endpoint})
        eventually(lambda: ports_of(own))
        yield TransferProcess(process, new_server(own), log)
    finally:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on, no two the same.

    Below the range of which systems give ports to whoever asks for any: nobody is given one of
    these before it is used.
    """
    with contextlib.ExitStack() as held:
        return [_take_port(held) for _ in range(count)]


def _take_port(held: contextlib.ExitStack) -> int:
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError):
            held.enter_context(socket.create_server(("127.0.0.1", port)))
            return port


def ports_of(environment: Environment) -> dict[str, int]:
    """The SFTP port of each server that can be reached, by id."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{environment.transfer_endpoint}/_quillgate/ports", timeout=10) as response:
        return dict(json.load(response))


def new_server(environment: Environment, **settings: Any) -> Environment:
    """The environment with a new server in place of the standing one, ready for logins."""
    transfer = environment.client("transfer")
    server_id = transfer.create_server(**settings)["ServerId"]
    described = transfer.describe_server(ServerId=server_id)["Server"]
    values = {
        "server_id": server_id,
        "sftp_port": eventually(lambda: ports_of(environment)[server_id]),
        "host_key_fingerprint": described["HostKeyFingerprint"],
    }
    return Environment({**environment.values, **values})


def _aws(environment: Environment) -> dict[str, Any]:
    return {
        "AWS_ACCESS_KEY_ID": environment.access_key_id,
        "AWS_SECRET_ACCESS_KEY": environment.secret_access_key,
        "AWS_DEFAULT_REGION": environment.region,
    }
