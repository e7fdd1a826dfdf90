"""sshd's question in each login: may this user come in with this key?"""

from __future__ import annotations

import logging
from base64 import b64decode
from dataclasses import dataclass
from typing import Protocol

from emulator.mount.logins import Asked, Logins
from emulator.mount.processes import process
from emulator.mount.supervisor import Served
from emulator.mount.transfer_api import TransferError
from emulator.transfer.model import Server, User

log = logging.getLogger(__name__)


class Users(Protocol):
    """Servers and users as they are now; raises TransferError."""

    def server(self, server_id: str) -> Server | None: ...  # noqa: D102
    def user(self, server_id: str, name: str) -> User | None: ...  # noqa: D102


@dataclass(frozen=True)
class Keys:
    """Answer sshd's key command, and note for which connection it asked."""

    users: Users
    logins: Logins
    served: Served

    def answer(self, words: list[str], pid: int) -> str:
        """Give the user's own key if it is the one offered, else nothing.

        `words` are user, key type, key in base64, and the connection's addresses and ports.
        """
        try:
            name, key_type, key, connection = words
            # OpenSSH 10.0 gives the server's end first, whatever sshd_config(5) says of %C.
            _, _, address, port = connection.split()
            return self._answer(Asked(name, key_type, key, (address, port)), pid)
        except ValueError:
            log.warning("not understood: '%s' - is the AuthorizedKeysCommand ours?", words)
        except (TransferError, OSError) as error:
            log.warning("no keys for '%s': %s", words[0], error)
        return ""

    def _answer(self, asked: Asked, pid: int) -> str:
        server = self.users.server(self.served.id) if self.served.id else None
        if not server or server.state != "ONLINE":
            return ""
        user = self.users.user(server.id, asked.name)
        if not user or not any(key.data == b64decode(asked.key) for key in user.ssh_public_keys):
            return ""
        asking = process(pid)
        if not asking:
            return ""
        # sshd itself starts the command, in the process that is this connection's alone.
        self.logins.asked(asking.parent, server, user, asked)
        return f"restrict {asked.key_type} {asked.key}\n"
