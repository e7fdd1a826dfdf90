"""A large file streams: it arrives byte for byte, and our process does not hold it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import psutil

from tests.integration.support import NewUser, Running, Sftp

MIB = 1024 * 1024
SIZE = 1024 * MIB
MAY_GROW = 64 * MIB


def blocks() -> Iterator[bytes]:
    """1 GiB that repeats nowhere within a part of an upload."""
    seed = hashlib.sha256(b"quillgate").digest() * (MIB // 32)
    for number in range(SIZE // MIB):
        yield number.to_bytes(8, "big") + seed[8:]


def transfer_process(running: Running) -> psutil.Process:
    children = psutil.Process(running.process.pid).children(recursive=True)
    return next(p for p in children if "emulator.transfer_service" in p.cmdline())


def test_one_gibibyte_up_and_down(
    running: Running, new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp]
) -> None:
    session, process = sftp(new_user()), transfer_process(running)
    with session.open("warm-up", "wb") as file:
        file.write(b"x")
    before, peak = process.memory_info().rss, 0
    sent = hashlib.sha256()
    with session.open("large.bin", "wb") as file:
        file.set_pipelined(True)
        for block in blocks():
            file.write(block)
            sent.update(block)
            peak = max(peak, process.memory_info().rss)
    assert session.stat("large.bin").st_size == SIZE
    got = hashlib.sha256()
    with session.open("large.bin", "rb") as file:
        file.prefetch(SIZE, max_concurrent_requests=64)
        while block := file.read(MIB):
            got.update(block)
            peak = max(peak, process.memory_info().rss)
    assert got.digest() == sent.digest()
    assert peak - before < MAY_GROW
    session.remove("large.bin")
