"""rclone on ministack's S3: its own SFTP server, and OpenSSH on its mount.

Its server has stored a file by the time it is closed: what is answered as written must be in the
bucket, as with ours. On its mount the kernel tells the client so before, whatever rclone is told:
a file renamed right away can be lost, though none is here. What the mount has listed it believes
for five minutes, the default; a story shows that much later.
"""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager

from benchmarks.server import Server
from benchmarks.servers.ministack import ACCESS, BUCKET, Engine
from benchmarks.servers.mounting import FileSystem, sshd_on
from benchmarks.servers.shop import Shop
from quillgate.ports import HOST
from tests.integration.transfer_process import free_ports

RCLONE = shutil.which("rclone") or "rclone"
WRITE_THROUGH = ("--vfs-cache-mode", "writes", "--vfs-write-back", "0s")


def start_rclone(shop: Shop, engine: Engine) -> Server:
    """Start its own server."""
    (port,) = free_ports(1)
    command = [
        *(RCLONE, "serve", "sftp", f"store:{BUCKET}", *WRITE_THROUGH),
        *("--addr", f"{HOST}:{port}", "--user", "bench", "--key", str(shop.host_key)),
        *("--authorized-keys", str(shop.public_key)),
    ]
    child = shop.start("rclone", command, port, _environ(shop, engine, "rclone"))
    processes = {"rclone": child.group, "ministack": engine.pid}
    return Server("rclone", port, "bench", shop.client_key, processes)


def rclone_mount(shop: Shop, engine: Engine) -> AbstractContextManager[Server]:
    """Serve its mount."""
    command = [RCLONE, "mount", f"store:{BUCKET}", "MOUNTPOINT", *WRITE_THROUGH]
    environ = _environ(shop, engine, "rclone-mount")
    return sshd_on(shop, engine, FileSystem("rclone-mount", command, environ))


def _environ(shop: Shop, engine: Engine, name: str) -> dict[str, str]:
    return {
        **ACCESS,
        "RCLONE_CONFIG": "/dev/null",
        "RCLONE_CONFIG_STORE_TYPE": "s3",
        "RCLONE_CONFIG_STORE_PROVIDER": "Other",
        "RCLONE_CONFIG_STORE_ENDPOINT": engine.url,
        "RCLONE_CONFIG_STORE_ENV_AUTH": "true",
        "RCLONE_CONFIG_STORE_REGION": ACCESS["AWS_DEFAULT_REGION"],
        "RCLONE_CACHE_DIR": str(shop.folder / f"{name}-cache"),
    }
