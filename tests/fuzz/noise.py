"""Below SFTP: bytes that are no SSH, and SSH that asks for what is not there."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

import paramiko
from paramiko.common import cMSG_CHANNEL_DATA, cMSG_CHANNEL_EOF, cMSG_CHANNEL_WINDOW_ADJUST

from tests.fuzz.live import Live

PATIENCE_SECONDS = 30


def make_noise(live: Live, seed: int) -> int:
    """Shout at the server some ways; it may hang up on us, and on nobody else."""
    chance = random.Random(seed)
    with live.environment.ssh(live.users[1]) as bystander:
        for _ in range(5):
            _no_ssh(live, chance)
        _no_channel(live, chance)
        assert bystander.is_active(), "another client's connection was cut"
    return 6


def _no_ssh(live: Live, chance: random.Random) -> None:
    """Send noise in place of SSH, from the first byte on or behind a proper greeting."""
    address = (live.environment.sftp_host, live.environment.sftp_port)
    noise = chance.randbytes(chance.choice([0, 1, 40, 3000, 200_000]))
    with socket.create_connection(address, PATIENCE_SECONDS) as connection, suppress(OSError):
        connection.sendall(chance.choice([b"", b"SSH-2.0-noise\r\n"]) + noise)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass


def _no_channel(live: Live, chance: random.Random) -> None:
    """Speak to a channel that was never opened, or is closed."""
    with live.environment.ssh(live.users[0]) as transport:
        channel = transport.open_session()
        number = chance.choice([channel.remote_chanid, 7, 2**32 - 1])
        channel.close()
        message = paramiko.Message()
        kinds = [cMSG_CHANNEL_DATA, cMSG_CHANNEL_EOF, cMSG_CHANNEL_WINDOW_ADJUST]
        message.add_byte(chance.choice(kinds))
        message.add_int(number)
        message.add_string(b"noise")
        transport._send_user_message(message)  # type: ignore[attr-defined]  # noqa: SLF001
        transport.join(0.1)  # for the server to hang up, if it minds
