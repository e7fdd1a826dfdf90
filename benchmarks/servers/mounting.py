"""OpenSSH's own server on a bucket that some file system has mounted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.server import Server
from benchmarks.servers.ministack import Engine
from benchmarks.servers.shop import START_SECONDS, Shop
from benchmarks.servers.sshd import sshd_serving

FUSE = Path("/dev/fuse")


def can_mount() -> bool:
    """Whether this machine lets us mount a file system of our own."""
    return os.access(FUSE, os.R_OK | os.W_OK)


@dataclass(frozen=True)
class FileSystem:
    """A command that mounts the bucket at its word MOUNTPOINT; `home` of it is served."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    home: str = "."


@contextmanager
def sshd_on(shop: Shop, engine: Engine, files: FileSystem) -> Iterator[Server]:
    """Mount and serve; the mount goes with the block, however it ends."""
    process = f"{files.name}-file-system"
    mounted = shop.folder / files.name
    mounted.mkdir()
    command = [str(mounted) if word == "MOUNTPOINT" else word for word in files.command]
    try:
        child = shop.children.start(process, command, files.environ, shop.folder / f"{process}.log")
        shop.children.wait_until(process, lambda: os.path.ismount(mounted), START_SECONDS)
        server = sshd_serving(shop, files.name, mounted / files.home)
        processes = {**server.processes, "file system": child.group, "ministack": engine.pid}
        yield replace(server, processes=processes)
    finally:
        # Lazy: also when somebody is still in it, or when its process is gone already.
        unmount = [shutil.which("fusermount3") or "fusermount", "-u", "-z", str(mounted)]
        subprocess.run(unmount, check=False, capture_output=True)
