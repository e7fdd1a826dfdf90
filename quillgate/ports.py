"""Ports of the embedded environment, all on 127.0.0.1."""

from __future__ import annotations

import random
import socket
from dataclasses import asdict, astuple, dataclass, fields

from quillgate.errors import StartError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Where each part listens."""

    engine: int = 4566
    transfer: int = 4567
    sftp: int = 2222
    quill: int = 8088
    console: int = 8080


def default_ports() -> Ports:
    """The ports of the interface. Raises StartError naming the first that is taken."""
    ports = Ports()
    for part, port in asdict(ports).items():
        if not _is_free(port):
            advice = "stop what listens there, or: --ports auto"
            raise StartError(f"port in use ({part})", str(port), advice)
    return ports


def free_ports(earlier: Ports | None = None) -> Ports:
    """The ports of an earlier run if they are free, else others that are, all different.

    Others are chosen at random, so that two `up`s do not meet, and below the range that systems
    give to outgoing connections.
    """
    if earlier and all(_is_free(port) for port in astuple(earlier)):
        return earlier
    chosen: list[int] = []
    while len(chosen) < len(fields(Ports)):
        port = random.randrange(20_000, 32_000)  # noqa: S311  # nobody has to guess it
        if port not in chosen and _is_free(port):
            chosen.append(port)
    return Ports(*chosen)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether a connection to the port is accepted."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
