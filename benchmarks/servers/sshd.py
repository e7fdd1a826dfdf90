"""OpenSSH's own server as a plain process, its files in a folder of local disk."""

from __future__ import annotations

import getpass
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.server import Server
from benchmarks.servers.shop import Shop
from quillgate.ports import HOST
from tests.integration.transfer_process import free_ports

SSHD = "/usr/sbin/sshd"
# Debian's sshd wants it when root starts it; its service unit makes it at boot.
PRIVILEGE_SEPARATION = Path("/run/sshd")

CONFIG = """\
ListenAddress {host}
Port {port}
HostKey {host_key}
AuthorizedKeysFile {public_key}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
MaxStartups 100
PidFile none
Subsystem sftp internal-sftp -d {files}
"""


def start_sshd(shop: Shop) -> Server:
    """On local disk: what no server with a store behind it can beat by much."""
    files = shop.folder / "disk"
    files.mkdir()
    return replace(sshd_serving(shop, "sshd", files), seed=partial(_seed, files))


def sshd_serving(shop: Shop, name: str, files: Path) -> Server:
    """Serve a folder to the user who runs this."""
    (port,), config = free_ports(1), shop.folder / f"{name}.conf"
    config.write_text(
        CONFIG.format(
            host=HOST, port=port, files=files, host_key=shop.host_key, public_key=shop.public_key
        )
    )
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    child = shop.start(name, [SSHD, "-D", "-e", "-f", str(config)], port)
    return Server(name, port, getpass.getuser(), shop.client_key, {"sshd": child.group})


def _seed(files: Path, folder: str, count: int) -> None:
    (files / folder).mkdir()
    for number in range(count):
        (files / folder / f"{number:05}.csv").touch()
