"""A worker's first moments, and how much has to be fetched for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import BenchError
from quillgate.deploy.package import build_watchdog
from quillgate.deploy.template import repository

# boto3 is the runtime's own, and comes with its bytecode; the package has none and is read-only.
START = """
import json, sys, time
times = [time.process_time()]
import boto3
times.append(time.process_time())
import sftp_watchdog.handler as handler
times.append(time.process_time())
handler._watchdog()
times.append(time.process_time())
print(json.dumps([later - earlier for earlier, later in zip(times, times[1:])]))
"""
ENVIRON = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "BUCKET": "bucket-1",
    "LEDGER_BUCKET": "ledger-1",
    "SECRET_ID": "secret-1",
    "QUEUE_URL": "http://queue",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass(frozen=True)
class Start:
    """Processor seconds of one start: importing boto3 and the watchdog, then making its parts."""

    boto3: float
    watchdog: float
    init: float

    @property
    def whole(self) -> float:
        """All of it: the first upload can be taken."""
        return self.boto3 + self.watchdog + self.init


@dataclass(frozen=True)
class Size:
    """Bytes of the package, as it is sent and as it lies there; Lambda takes 50 and 250 MB."""

    zipped: int
    unzipped: int


def starts(rounds: int) -> tuple[Size, list[Start]]:
    """The package built, unpacked and started so many times, each in a fresh interpreter."""
    package = build_watchdog(repository(), repository() / "build")
    with (
        tempfile.TemporaryDirectory(prefix="quillgate-bench-") as name,
        zipfile.ZipFile(package.path) as zipped,
    ):
        zipped.extractall(name)
        unzipped = sum(each.file_size for each in zipped.infolist())
        # The first one brings the files into memory, for all alike.
        found = [_start(Path(name)) for _ in range(rounds + 1)][1:]
    return Size(package.path.stat().st_size, unzipped), found


def _start(folder: Path) -> Start:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ran = subprocess.run(
        [sys.executable, "-c", START],
        env={**environ, **ENVIRON, "PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        last = ran.stderr.strip().rpartition("\n")[2]
        raise BenchError(f"watchdog does not start: {last!r} - correct it")
    return Start(*json.loads(ran.stdout))
