"""An SSH connection as asyncssh does it, and the four things it leaves open.

A client that does not read is not read either, so that it cannot fill memory with answers. A
signature, the client's or the host key's, is only made by what the server's security policy allows.
And who was refused may ask for the authentication service again before the next try, as sshd allows
and paramiko does.
The log is told which key exchange was agreed on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from copy import copy
from typing import cast

import asyncssh

KEYS_REFUSED = 6  # as sshd's MaxAuthTries; AWS does not say its own
UNREAD = 1024 * 1024
TOO_MANY_FAILURES = "Too many authentication failures"


class Wire(asyncssh.SSHServerConnection):
    """`drained` is set while the client takes what is sent to it, and when it is gone.

    `kex` is the name of the last key exchange, empty before the first.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, options: asyncssh.SSHServerConnectionOptions
    ) -> None:
        super().__init__(loop, options)
        self.drained = asyncio.Event()
        self.drained.set()
        self.kex = ""
        self._signatures = frozenset(options.signature_algs)
        # Copies, because a key pair keeps the algorithm that one client has chosen.
        self._server_host_keys = OrderedDict(
            (name, copy(pair))
            for name, pair in options.server_host_keys.items()
            if name in self._signatures
        )
        self._server_host_key_algs = list(self._server_host_keys)
        self._keys_refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what reading can be paused with."""
        self._pipe = cast("asyncio.Transport", transport)
        self._pipe.set_write_buffer_limits(high=UNREAD)
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """Take nothing from a client that does not read: whatever it sends calls for an answer."""
        self.drained.clear()
        self._pipe.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self.drained.set()
        self._pipe.resume_reading()

    def connection_lost(self, exc: Exception | None = None) -> None:
        """Let those go who wait for the client to read."""
        self.drained.set()
        super().connection_lost(exc)

    def send_newkeys(self, k: bytes, h: bytes) -> None:
        """Keep the name of what is forgotten with this."""
        if self._kex:
            self.kex = self._kex.algorithm.decode()
        super().send_newkeys(k, h)

    async def validate_public_key(
        self, username: str, key_data: bytes, msg: bytes, signature: bytes
    ) -> bool:
        """Ask for the key, and for the signature when there is one; the sixth refusal is final."""
        allowed = not msg or _algorithm(signature) in self._signatures
        if allowed and await super().validate_public_key(username, key_data, msg, signature):
            return True
        self._keys_refused += 1
        if self._keys_refused >= KEYS_REFUSED:
            self.disconnect(asyncssh.DISC_PROTOCOL_ERROR, TOO_MANY_FAILURES)
        return False

    def send_userauth_failure(self, partial_success: bool) -> None:
        """Refuse this try, and expect another."""
        super().send_userauth_failure(partial_success)
        self._next_service = b"ssh-userauth"


def _algorithm(signature: bytes) -> bytes:
    """Read the name a signature starts with (RFC 4253, section 6.6)."""
    length = int.from_bytes(signature[:4])
    return signature[4 : 4 + length]
