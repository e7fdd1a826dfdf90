"""Several sessions at once on few names: what is there in the end was uploaded so, as a whole."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from tests.fuzz.live import Live
from tests.fuzz.model import CREATE, READ, TRUNCATE, WRITE
from tests.fuzz.places import Refused
from tests.fuzz.player import Player
from tests.integration.raw_sftp import RawSftp

NAMES = ["a", "b", "c", "d/a"]
SESSIONS = 4
SIZES = [0, 1, 3000, 40_000, 200_000]
LARGE = 9 * 1024 * 1024
BLOCK = 32_768


@dataclass
class Ledger:
    """Uploads by their first bytes: all that were begun, and those that CLOSE confirmed."""

    begun: dict[bytes, bytes] = field(default_factory=dict)
    confirmed: set[bytes] = field(default_factory=set)

    def name_of(self, data: bytes) -> bytes:
        """Fail unless these bytes are exactly one upload."""
        upload = data[:16]
        whole = self.begun.get(upload)
        assert whole == data, f"a mixture: {len(data)} bytes, begin as upload {upload!r}"
        return upload


def mingle(live: Live, seed: int, turns: int, *, large: bool) -> int:
    """Let sessions upload, read, rename and remove for some turns; gives the operations done."""
    ledger = Ledger()
    live.wipe()
    sizes = [*SIZES, LARGE] if large else SIZES
    with (
        live.environment.ssh(live.users[0]) as one,
        live.environment.ssh(live.users[0]) as other,
        ThreadPoolExecutor(SESSIONS) as threads,
    ):
        players = [Player(RawSftp(each)) for each in (one, other, one, other)]
        for done in [
            threads.submit(_play, player, ledger, f"{seed}-{number}", turns, sizes)
            for number, player in enumerate(players)
        ]:
            done.result()
    _check(live, ledger)
    return SESSIONS * turns


def _play(player: Player, ledger: Ledger, seed: str, turns: int, sizes: list[int]) -> None:
    chance = random.Random(seed)
    for turn in range(turns):
        name, other = chance.sample(NAMES, 2)
        # Others change the names meanwhile: most may fail, none may do half.
        with suppress(Refused):
            match chance.choice(["upload", "upload", "read", "rename", "remove"]):
                case "upload":
                    _upload(player, ledger, name, f"{seed}-{turn}", chance.choice(sizes))
                case "read":
                    ledger.name_of(_read(player, name))
                case "rename":
                    player.rename(name, other)
                case _:
                    player.remove(name)


def _upload(player: Player, ledger: Ledger, name: str, seed: str, size: int) -> None:
    upload = seed.ljust(16, ".").encode()
    data = upload + random.Random(seed).randbytes(size)
    ledger.begun[upload] = data
    player.open(0, name, WRITE | CREATE | TRUNCATE)
    for start in range(0, len(data), BLOCK):
        player.write(0, start, data[start : start + BLOCK])
    player.close(0)
    ledger.confirmed.add(upload)


def _read(player: Player, name: str) -> bytes:
    """Give the whole file; Refused when it changed under the reading, never a mixture."""
    player.open(1, name, READ)
    data = bytearray()
    while piece := player.read(1, len(data), BLOCK):
        data += piece
    player.close(1)
    return bytes(data)


def _check(live: Live, ledger: Ledger) -> None:
    bucket = live.environment.bucket
    for key in live.etags():
        data = live.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        assert ledger.name_of(data) in ledger.confirmed, f"{key!r} is an upload that failed"
    left = live.s3.list_multipart_uploads(Bucket=bucket, Prefix=live.name).get("Uploads", [])
    assert not left, f"multipart uploads left behind: {[item['Key'] for item in left]}"
