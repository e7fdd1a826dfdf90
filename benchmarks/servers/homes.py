"""A bucket mounted by our file system, for OpenSSH to serve: what `emulator.mount` is made of.

    python -m benchmarks.servers.homes MOUNTPOINT BUCKET [--tell]

Its one user, `bench`, is whoever runs it. `--tell` logs what sessions do.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from secrets import token_hex

from emulator.files.activity import Activity, Record, Sink
from emulator.files.login import log_in
from emulator.files.session import FileSession
from emulator.limits import allow_many_files, give_memory_back
from emulator.mount.filesystem import mounted
from emulator.mount.sessions import Sessions
from emulator.transfer.model import HomeMapping, Server, User

USER = "bench"
log = logging.getLogger(__name__)


class Me:
    """The one owner."""

    def uid(self, name: str) -> int | None:
        """Give the id of whoever runs this."""
        return os.getuid() if name == USER else None


def main() -> None:
    """Mount until SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    mountpoint, bucket = Path(sys.argv[1]), sys.argv[2]
    sink = _tell if "--tell" in sys.argv else _unheard
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    give_memory_back()
    allow_many_files()
    with mounted(mountpoint, Sessions(lambda name, _: _log_in(bucket, name, sink)), Me()):
        signal.sigwait(stop)


def _log_in(bucket: str, name: str, sink: Sink) -> FileSession:
    user = User(
        "s-bench",
        name,
        "",
        "arn:aws:iam::000000000000:role/anyone",
        home_directory_type="LOGICAL",
        home_mappings=(HomeMapping("/", f"/{bucket}"),),
    )
    server = Server("s-bench", "", "ONLINE")
    return log_in(server, user, Activity("", token_hex(8), sink, name), "us-east-1")


def _tell(record: Record) -> None:
    log.warning("%s %s %s", record.kind, record.fields.get("path", ""), record.error)


def _unheard(_: Record) -> None:
    """Nobody reads it."""


if __name__ == "__main__":
    main()
