"""Whether somebody could log in now."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from emulator.mount.sshd import Sshd
from emulator.mount.supervisor import Supervisor

log = logging.getLogger(__name__)

OK = "healthy\n"


@dataclass(frozen=True)
class Health:
    """The Transfer API answers, the homes are mounted, and sshd greets (or rests, as told)."""

    supervisor: Supervisor
    sshd: Sshd
    homes: Path
    port: int

    def answer(self, _: list[str], __: int) -> str:
        """Say so; nothing when it is not so."""
        try:
            is_well = self.supervisor.is_in_step and self.homes.is_mount() and self._greets()
        except OSError as error:
            log.warning("not healthy: '%s'", error)
            return ""
        return OK if is_well else ""

    def _greets(self) -> bool:
        if not self.sshd.is_running:
            return True
        with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
            # Who leaves without a word, or before he has heard all, is complained about namelessly.
            connection.sendall(b"SSH-2.0-health\r\n")
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as heard:
                return heard.read().startswith(b"SSH-2.0-")
