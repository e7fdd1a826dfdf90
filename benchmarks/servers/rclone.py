"""`rclone serve sftp` on ministack's S3; a file is stored by the time it is closed."""

from __future__ import annotations

import shutil

from benchmarks.server import Server
from benchmarks.servers.ministack import ACCESS, BUCKET, Engine
from benchmarks.servers.shop import Shop
from quillgate.ports import HOST
from tests.integration.transfer_process import free_ports


def start_rclone(shop: Shop, engine: Engine) -> Server:
    """Write through at once: what is answered as written must be in the bucket, as with ours."""
    (port,), cache = free_ports(1), shop.folder / "rclone-cache"
    environ = {
        **ACCESS,
        "RCLONE_CONFIG": "/dev/null",
        "RCLONE_CONFIG_STORE_TYPE": "s3",
        "RCLONE_CONFIG_STORE_PROVIDER": "Other",
        "RCLONE_CONFIG_STORE_ENDPOINT": engine.url,
        "RCLONE_CONFIG_STORE_ENV_AUTH": "true",
        "RCLONE_CONFIG_STORE_REGION": ACCESS["AWS_DEFAULT_REGION"],
        "RCLONE_CACHE_DIR": str(cache),
    }
    command = [
        *(shutil.which("rclone") or "rclone", "serve", "sftp", f"store:{BUCKET}"),
        *("--addr", f"{HOST}:{port}", "--user", "bench", "--key", str(shop.host_key)),
        *("--authorized-keys", str(shop.public_key)),
        *("--vfs-cache-mode", "writes", "--vfs-write-back", "0s"),
    ]
    child = shop.start("rclone", command, port, environ)
    processes = {"rclone": child.group, "ministack": engine.pid}
    return Server("rclone", port, "bench", shop.client_key, processes)
