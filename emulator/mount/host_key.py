"""The server's host key, as the Transfer service leaves it in a folder shared with it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class HostKeyError(Exception):
    """The key is not there or cannot be read; it may come yet."""


@dataclass(frozen=True)
class HostKeys:
    """Private keys (OpenSSH PEM) of servers, one file each."""

    folder: Path

    def of(self, server_id: str) -> str:
        """Read the server's key as it is now.

        As the folder's owner: without CAP_DAC_OVERRIDE root may not read what is another's alone.
        """
        file = self.folder / server_id
        try:
            owner = self.folder.stat()
            return _output(["/bin/cat", str(file)], owner.st_uid, owner.st_gid)
        except subprocess.CalledProcessError as error:
            raise HostKeyError(
                f"host key cannot be read: '{file}' - run the Transfer service with --host-keys"
                f" on the same folder: {error.stderr.strip()}"
            ) from error
        except OSError as error:
            raise HostKeyError(f"host keys cannot be read: '{self.folder}' - {error}") from error


def _output(command: list[str], uid: int, gid: int) -> str:
    other: dict[str, Any] = {"user": uid, "group": gid, "extra_groups": []}
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603
        command,
        capture_output=True,
        text=True,
        check=True,
        **(other if uid != os.geteuid() else {}),
    )
    return done.stdout
