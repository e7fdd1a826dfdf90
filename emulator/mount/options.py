"""The command line of `python -m emulator.mount`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.arguments import add_session_arguments


@dataclass(frozen=True)
class Options:
    """As it was given."""

    host_keys: Path
    server_id: str | None
    transfer_sftp_port: int
    region: str
    enforce_policies: bool
    event_source: str
    idle_seconds: int


def read_options(arguments: Sequence[str]) -> Options:
    """Read it; wrong usage ends the process with 2."""
    parser = argparse.ArgumentParser(prog="python -m emulator.mount")
    parser.add_argument(
        "--host-keys", type=Path, required=True, help="where the Transfer service keeps them"
    )
    parser.add_argument("--server-id", help="default: the one on the Transfer service's SFTP port")
    parser.add_argument("--transfer-sftp-port", type=int, default=2222)
    add_session_arguments(parser)
    parser.add_argument("--idle-seconds", type=int, default=1800)
    return Options(**vars(parser.parse_args(arguments)))
