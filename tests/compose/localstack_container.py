"""A container of our LocalStack image of its own, as locked up as compose has it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.integration.support import eventually

IMAGE = "quillgate-localstack-test"
SOURCE = Path(__file__).parents[2] / "emulator" / "localstack"
LOCKED_UP = (
    *("--read-only", "--tmpfs", "/tmp:exec,mode=1777", "--tmpfs", "/var/lib/localstack:mode=755"),
    *("--cap-drop", "ALL", "--cap-add", "SETUID", "--cap-add", "SETGID", "--cap-add", "KILL"),
    *("--security-opt", "no-new-privileges"),
)


def docker(*arguments: str) -> str:
    """What `docker` prints; its stderr is in the error."""
    # The engines that every user has: some have no BuildKit.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    ran = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert ran.returncode == 0, f"docker {arguments[0]}: {ran.stderr}"
    return ran.stdout.strip()


@dataclass(frozen=True)
class Container:
    """A running container, by its name, and LocalStack's endpoint in it."""

    name: str
    endpoint: str

    def client(self, service: str) -> Any:
        make: Any = boto3.Session("test", "test", region_name="us-east-1").client
        config = Config(retries={"total_max_attempts": 1}, proxies={})
        return make(service, endpoint_url=self.endpoint, config=config)

    def shell(self, script: str) -> str:
        """What a shell in the container prints."""
        return docker("exec", self.name, "sh", "-c", script)


@contextlib.contextmanager
def running_container() -> Iterator[Container]:
    """Build the image, start it on a free port, wait until its health check passes."""
    docker("build", "--quiet", "--tag", IMAGE, str(SOURCE))
    name = f"{IMAGE}-{uuid.uuid4().hex[:8]}"
    docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::4566", *LOCKED_UP, IMAGE)
    try:
        eventually(lambda: _assert_healthy(name))
        yield Container(name, f"http://{docker('port', name, '4566/tcp')}")
    finally:
        docker("rm", "--force", "--volumes", name)


def _assert_healthy(name: str) -> None:
    assert docker("inspect", "--format", "{{.State.Health.Status}}", name) == "healthy"


def packed(source: str) -> bytes:
    """A function's code: `source` as its module `m`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("m.py", source)
    return packed.getvalue()
