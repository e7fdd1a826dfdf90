"""The files that are sent, made anew for each run, and the comparison with what came back."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

BIG = 200_000_000
SMALL, SMALL_FILES = 4096, 300
CLIENTS = 8
CROWD_BIG, CROWD_FILES = 20_000_000, 30


@dataclass(frozen=True)
class Sources:
    """Folders: `big` holds one large file, `small` many small ones, `crowd` both per client."""

    big: Path
    small: Path
    crowd: tuple[Path, ...]


def make_sources(folder: Path) -> Sources:
    """Fill them with bytes that no two files share."""
    crowd = tuple(folder / f"client{number}" for number in range(CLIENTS))
    _fill(folder / "big", BIG, 0)
    _fill(folder / "small", 0, SMALL_FILES)
    for each in crowd:
        _fill(each, CROWD_BIG, CROWD_FILES)
    return Sources(folder / "big", folder / "small", crowd)


def differences(sent: Path, got: Path) -> list[str]:
    """Name the files that did not come back as they were sent, and those nobody sent."""
    before, after = _digests(sent), _digests(got)
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )


def _fill(folder: Path, big: int, files: int) -> None:
    folder.mkdir(parents=True)
    if big:
        (folder / "big.bin").write_bytes(os.urandom(big))
    for number in range(files):
        (folder / f"order+{number:03} né.csv").write_bytes(os.urandom(SMALL))


def _digests(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.iterdir():
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
