"""A large file streams: it arrives byte for byte, and our process does not hold it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import psutil
import pytest

from tests.integration.support import Running, start_environment

MIB = 1024 * 1024
SIZE = 1024 * MIB
MAY_GROW = 64 * MIB


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An environment that takes the engine's memory with it when it ends."""
    with start_environment(tmp_path_factory.mktemp("large")) as running:
        yield running


class Peak:
    """The most memory our SFTP process has had while this was called."""

    def __init__(self, running: Running) -> None:
        children = psutil.Process(running.process.pid).children(recursive=True)
        self._process = next(p for p in children if "emulator.transfer_service" in p.cmdline())
        self._before = self.bytes = self._process.memory_info().rss

    def look(self) -> None:
        self.bytes = max(self.bytes, self._process.memory_info().rss)

    @property
    def growth(self) -> int:
        return self.bytes - self._before


class Receiver:
    """What a download is written to: keeps nothing but the hash."""

    def __init__(self, peak: Peak) -> None:
        self._peak = peak
        self.hash = hashlib.sha256()

    def write(self, block: bytes) -> None:
        self.hash.update(block)
        self._peak.look()


def blocks() -> Iterator[bytes]:
    """1 GiB of which no block is like another."""
    filling = hashlib.sha256(b"quillgate").digest() * (MIB // 32)
    for number in range(SIZE // MIB):
        yield number.to_bytes(8, "big") + filling[8:]


def test_one_gibibyte_up_and_down(own: Running) -> None:
    environment, sent = own.environment, hashlib.sha256()
    with environment.sftp(environment.new_user()) as session:
        session.listdir(".")
        peak = Peak(own)
        with session.open("large.bin", "wb") as file:
            file.set_pipelined(True)
            for block in blocks():
                file.write(block)
                sent.update(block)
                peak.look()
        assert session.stat("large.bin").st_size == SIZE
        got = Receiver(peak)
        session.getfo("large.bin", got)  # type: ignore[arg-type]
    assert got.hash.digest() == sent.digest()
    assert peak.growth < MAY_GROW
