"""All the servers of one run, started; those this machine cannot run, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import Server
from benchmarks.servers.embedded import embedded
from benchmarks.servers.ministack import start_ministack
from benchmarks.servers.mount import mount
from benchmarks.servers.mounting import FUSE, can_mount
from benchmarks.servers.ours import start_ours
from benchmarks.servers.rclone import rclone_mount, start_rclone
from benchmarks.servers.s3fs import s3fs
from benchmarks.servers.shop import open_shop
from benchmarks.servers.sshd import start_sshd
from quillgate.processes import Children
from tests.integration.support import Environment

MOUNTS = {"mount": mount, "s3fs": s3fs, "rclone-mount": rclone_mount}


@dataclass(frozen=True)
class Lineup:
    """Who is compared, and the environment that is one of them."""

    servers: tuple[Server, ...]
    environment: Environment
    left_out: Mapping[str, str]


@contextmanager
def lineup(folder: Path) -> Iterator[Lineup]:
    """Start them; everything started is stopped when the block ends, however it ends."""
    with ExitStack() as stack:
        children = Children()
        stack.callback(children.stop)
        shop = open_shop(children, folder)
        sshd, engine = start_sshd(shop), start_ministack(shop)
        whole = stack.enter_context(embedded(folder))
        servers = [sshd, engine.sftp, start_ours(shop, engine), whole.server]
        servers.append(start_rclone(shop, engine))
        left_out = {}
        for name, start in MOUNTS.items():
            if can_mount():
                servers.append(stack.enter_context(start(shop, engine)))
            else:
                left_out[name] = f"this machine lets nobody mount: no access to {FUSE}"
        yield Lineup(tuple(servers), whole.environment, left_out)
