"""The command line of `python -m emulator.mount`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


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
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--enforce-policies",
        action="store_true",
        help="decide each login and S3 call by IAM's policies here, whatever the engine does",
    )
    # AWS and engines refuse `aws.transfer` from anyone but AWS.
    parser.add_argument("--event-source", default="quillgate.transfer", help="empty: no events")
    parser.add_argument("--idle-seconds", type=int, default=1800)
    return Options(**vars(parser.parse_args(arguments)))
