"""OpenSSH on a bucket of ministack, mounted with our own file system."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from benchmarks.server import Server
from benchmarks.servers.homes import USER
from benchmarks.servers.ministack import ACCESS, BUCKET, Engine
from benchmarks.servers.shop import START_SECONDS, Shop
from benchmarks.servers.sshd import sshd_serving, unmount


@contextmanager
def mount(shop: Shop, engine: Engine) -> Iterator[Server]:
    """Serve the mounted bucket; the mount goes with the block, however it ends."""
    mounted = shop.folder / "homes"
    mounted.mkdir()
    command = [sys.executable, "-P", "-m", "benchmarks.servers.homes", str(mounted), BUCKET]
    environ = {**ACCESS, "AWS_ENDPOINT_URL": engine.url, "FUSE_LIBRARY_NAME": "fuse3"}
    try:
        child = shop.children.start("mount", command, environ, shop.folder / "homes.log")
        shop.children.wait_until("mount", lambda: os.path.ismount(mounted), START_SECONDS)
        server = sshd_serving(shop, "mount", mounted / USER)
        processes = {**server.processes, "mount": child.group, "ministack": engine.pid}
        yield replace(server, processes=processes)
    finally:
        unmount(mounted)
