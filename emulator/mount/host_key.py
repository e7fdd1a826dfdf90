"""The server's host key, as the Transfer service leaves it in a folder shared with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class HostKeyError(Exception):
    """The key is not there or cannot be read; it may come yet."""


class HostKeys:
    """Private keys (OpenSSH PEM) of servers; a file is read again when it is another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[Path, int, int] | None = None
        self._key = ""

    def of(self, server_id: str) -> str:
        """Read the server's key as it is now."""
        file = self._folder / server_id
        try:
            stat = file.stat()
            if (seen := (file, stat.st_ino, stat.st_mtime_ns)) != self._seen:
                self._key, self._seen = _read(file, stat), seen
        except (OSError, subprocess.SubprocessError) as error:
            raise HostKeyError(
                f"host key cannot be read: '{file}' - run the Transfer service with --host-keys"
                f" on the same folder: {error}"
            ) from error
        return self._key


def _read(file: Path, stat: os.stat_result) -> str:
    """As its owner: without CAP_DAC_OVERRIDE root may not read what is another's alone."""
    done = subprocess.run(  # noqa: S603
        ["/bin/cat", file],
        user=stat.st_uid,
        group=stat.st_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
