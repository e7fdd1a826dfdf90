"""Connections cut in the middle of uploads: what is stored is the beginning of what was sent."""

from __future__ import annotations

import random
import socket
import struct

import paramiko

from tests.fuzz.live import Live
from tests.integration.raw_sftp import NO_ATTRIBUTES, Flag, Kind, RawSftp, string, uint64
from tests.integration.support import eventually

MIB = 1024 * 1024
WRITE_SIZES = [1, 1000, 32_768, 65_536]
LARGE = 20 * MIB  # three parts of a multipart upload


def cut_upload(live: Live, seed: int, *, large: bool) -> int:
    """Cut one upload at a point and in a way that `seed` decides; gives the bytes sent.

    What the server had confirmed must be there; of what was on its way, some from the beginning.
    """
    chance = random.Random(seed)
    size = chance.randrange(LARGE if large else MIB // 4)
    data = chance.randbytes(size)
    with live.environment.ssh(live.users[0]) as transport:
        confirmed = _send(RawSftp(transport), f"cut {seed}", data, chance)
        _cut(transport, chance)
    _check(live, f"{live.name}/cut {seed}", data, confirmed)
    return size


def _send(sftp: RawSftp, name: str, data: bytes, chance: random.Random) -> int:
    """Upload without a CLOSE, at the end a piece of a packet; gives the bytes confirmed."""
    mode = Flag.WRITE | Flag.CREAT | Flag.TRUNC
    handle = sftp.request(Kind.OPEN, name, mode, NO_ATTRIBUTES).handle
    ids: list[tuple[int, int]] = []
    position = 0
    while position < len(data):
        piece = data[position : position + chance.choice(WRITE_SIZES)]
        ids.append((sftp.send(Kind.WRITE, handle, uint64(position), string(piece)), len(piece)))
        position += len(piece)
    heard = ids[: chance.randint(0, len(ids))]
    for request, _ in heard:
        assert sftp.answer(request).told[0] == 0
    if chance.random() < 0.5:
        sftp.channel.sendall(struct.pack(">IBI", 40_000, Kind.WRITE, 7) + b"lost")
    return sum(length for _, length in heard)


def _cut(transport: paramiko.Transport, chance: random.Random) -> None:
    """Reset the connection without a word, half close it, or end it as SSH does."""
    way = chance.choice(["reset", "shut", "close"])
    assert isinstance(transport.sock, socket.socket)
    if way == "reset":
        transport.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.sock.close()
    elif way == "shut":
        transport.sock.shutdown(socket.SHUT_RDWR)
    transport.close()


def _check(live: Live, key: str, data: bytes, confirmed: int) -> None:
    def look() -> bytes:
        assert key in live.etags(), "what was received was not stored"
        stored = live.s3.get_object(Bucket=live.environment.bucket, Key=key)
        return bytes(stored["Body"].read())

    found = eventually(look)
    assert data.startswith(found), f"{len(found)} bytes stored that were not sent like this"
    assert len(found) >= confirmed, f"{len(found)} bytes stored, {confirmed} confirmed"
