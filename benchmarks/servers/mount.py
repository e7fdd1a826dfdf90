"""OpenSSH on a bucket of ministack, mounted with our own file system."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from benchmarks.server import Server
from benchmarks.servers.homes import USER
from benchmarks.servers.ministack import ACCESS, BUCKET, Engine
from benchmarks.servers.mounting import FileSystem, sshd_on
from benchmarks.servers.shop import Shop


def mount(shop: Shop, engine: Engine) -> AbstractContextManager[Server]:
    """Serve our mount."""
    command = [sys.executable, "-P", "-m", "benchmarks.servers.homes", "MOUNTPOINT", BUCKET]
    # Debian may have libfuse 2 as well, for others.
    environ = {**ACCESS, "AWS_ENDPOINT_URL": engine.url, "FUSE_LIBRARY_NAME": "fuse3"}
    return sshd_on(shop, engine, FileSystem("mount", command, environ, USER))
