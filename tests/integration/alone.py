"""Our SFTP process by itself, on an S3 that keeps nothing: how much memory does a file take?"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import paramiko
from botocore.config import Config

from tests.integration.sink_s3 import SinkS3, sink_s3
from tests.integration.support import eventually
from tests.integration.transfer_process import free_ports

BUCKET, USER = "sink", "customer"
ROOT = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
OPTIONS = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
CLIENT_SECONDS = 600


@dataclass(frozen=True)
class Journey:
    """One file up and down again; all in bytes and seconds.

    `stored` is what S3 received, `memory` what our process grew by, at its peak.
    """

    stored: int
    fetched: int
    memory: int
    put_seconds: float
    get_seconds: float


def send_and_fetch(folder: Path, size: int) -> Journey:
    """Send a file of `size` zeros with OpenSSH's client, and fetch it again."""
    source, target = folder / "large.bin", folder / "fetched.bin"
    with source.open("wb") as file:
        file.truncate(size)
    with sink_s3() as sink, _service(folder, sink) as service:
        service.sftp("pwd")  # what is needed once, for any file, is there now
        before = service.peak_memory
        put = service.sftp(f'put "{source}" large.bin')
        get = service.sftp(f'get large.bin "{target}"')
        stored = sink.sizes[f"/{BUCKET}/large.bin"]
        return Journey(stored, target.stat().st_size, service.peak_memory - before, put, get)


@dataclass(frozen=True)
class _Service:
    """The running process, and how its only user logs in."""

    pid: int
    port: int
    key: Path

    def sftp(self, line: str) -> float:
        """Run one line of a batch; gives the seconds it took."""
        options = [word for option in OPTIONS for word in ("-o", option)]
        command = ["sftp", "-F", "none", *options, "-i", str(self.key), "-P", str(self.port)]
        began = time.perf_counter()
        done = subprocess.run(
            [*command, "-b", "-", f"{USER}@127.0.0.1"],
            input=line,
            capture_output=True,
            text=True,
            check=False,
            timeout=CLIENT_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return time.perf_counter() - began

    @property
    def peak_memory(self) -> int:
        """The most bytes the process has ever had in memory (proc(5), VmHWM)."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024


@contextlib.contextmanager
def _service(folder: Path, sink: SinkS3) -> Iterator[_Service]:
    api, sftp = free_ports(2)
    ports = ["--api-port", str(api), "--sftp-port", str(sftp), "--state", str(folder / "state")]
    command = [sys.executable, "-m", "emulator.transfer_service", *ports]
    environ = {**os.environ, **ROOT, "AWS_ENDPOINT_URL": sink.url, "NO_PROXY": "*"}
    (folder / "state").mkdir()
    with (folder / "service.log").open("w") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        key = folder / "key"
        eventually(lambda: socket.create_connection(("127.0.0.1", api), 1).close())
        _make_user(f"http://127.0.0.1:{api}", key)
        eventually(lambda: socket.create_connection(("127.0.0.1", sftp), 1).close())
        yield _Service(process.pid, sftp, key)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _make_user(url: str, key_file: Path) -> None:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(key_file))
    make: Any = boto3.Session("x", "x", region_name=ROOT["AWS_DEFAULT_REGION"]).client
    transfer = make("transfer", endpoint_url=url, config=Config(proxies={}))
    transfer.create_user(
        ServerId=transfer.create_server()["ServerId"],
        UserName=USER,
        Role="arn:aws:iam::000000000000:role/customers",
        HomeDirectory=f"/{BUCKET}",
        SshPublicKeyBody=f"{key.get_name()} {key.get_base64()}",
    )
