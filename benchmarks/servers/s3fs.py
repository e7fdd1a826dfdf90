"""OpenSSH on a bucket of ministack, mounted with s3fs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.server import Server
from benchmarks.servers.ministack import ACCESS, BUCKET, Engine
from benchmarks.servers.shop import START_SECONDS, Shop
from benchmarks.servers.sshd import sshd_serving, unmount
from quillgate.processes import Child

FUSE = Path("/dev/fuse")


def can_mount() -> bool:
    """Whether this machine lets us mount a file system of our own."""
    return os.access(FUSE, os.R_OK | os.W_OK)


@contextmanager
def s3fs(shop: Shop, engine: Engine) -> Iterator[Server]:
    """Serve the mounted bucket; the mount goes with the block, however it ends."""
    mounted = shop.folder / "mounted"
    mounted.mkdir()
    try:
        mount = _mount(shop, engine, mounted)
        server = sshd_serving(shop, "s3fs", mounted)
        processes = {**server.processes, "s3fs": mount.group, "ministack": engine.pid}
        yield replace(server, processes=processes)
    finally:
        unmount(mounted)


def _mount(shop: Shop, engine: Engine, mounted: Path) -> Child:
    options = f"url={engine.url},endpoint={ACCESS['AWS_DEFAULT_REGION']},use_path_request_style"
    command = [shutil.which("s3fs") or "s3fs", BUCKET, str(mounted), "-f", "-o", options]
    log = shop.folder / "mount.log"
    # s3fs has names of its own for AWS's variables.
    environ = {"AWSACCESSKEYID": "test", "AWSSECRETACCESSKEY": "test"}
    child = shop.children.start("s3fs", command, environ, log)
    shop.children.wait_until("s3fs", lambda: os.path.ismount(mounted), START_SECONDS)
    return child
