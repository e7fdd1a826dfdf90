"""Our SFTP server by itself, on the same S3 as its peers."""

from __future__ import annotations

import sys

from benchmarks.server import Server
from benchmarks.servers.ministack import ACCESS, Engine, make_user
from benchmarks.servers.shop import Shop
from quillgate.ports import HOST
from tests.integration.transfer_process import free_ports


def start_ours(shop: Shop, engine: Engine) -> Server:
    """Its files are the engine's, which were seeded before."""
    api, sftp = free_ports(2)
    options = {
        "--state": str(shop.folder / "transfer"),
        "--api-port": str(api),
        "--sftp-port": str(sftp),
    }
    command = [sys.executable, "-P", "-m", "emulator.transfer_service"]
    command += [word for option in options.items() for word in option]
    child = shop.start("ours", command, api, {**ACCESS, "AWS_ENDPOINT_URL": engine.url})
    user = make_user(f"http://{HOST}:{api}", shop.public_key.read_text())
    shop.wait("ours", sftp)
    processes = {"ours": child.group, "ministack": engine.pid}
    return Server("ours", sftp, user, shop.client_key, processes)
