"""What a chaos run does, made from its seed alone: the same seed and size, the same plan.

Uploads are numbered in the order in which they are begun; faults begin and end between them. Who
comes first within a moment is left to the machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Client = Literal["paramiko", "asyncssh"]
Manner = Literal["plain", "filepart", "cut"]
MANNERS: tuple[Manner, ...] = get_args(Manner)

LANES = 8
KIB, MIB = 1024, 1024 * 1024
INCOMING, REPORTS, UNROUTED = "incoming", "reports", "misc"
FOLDERS = [INCOMING, INCOMING, f"{INCOMING}/eu/né 1", f"{REPORTS}/daily", f"{REPORTS}/a+b"]
TEMPORARY = ".filepart"
# No line breaks: the embedded engine's IAM refuses keys that have one.
MEAN_NAMES = [
    "plain.csv",
    "q3 sales.csv",
    "a+b.csv",
    "é composed.csv",
    "e\u0301 decomposed.csv",
    "it's.csv",
    'say "hi".csv',
    "100%.csv",
    "%2B%20.csv",
    "%zz.csv",
    "a&b=c;d.csv",
    "#1?.csv",
    "[b]{c}.csv",
    "<tag>&amp;.xml",
    "two  spaces .csv",
    "\N{OWL}.csv",
    "no-extension",
    f"{'long' * 45}.csv",
]
# What Quill does wrong, as its control side takes it.
MOODS: dict[str, dict[str, object]] = {
    "500": {"status": 500},
    "503": {"status": 503},
    "429 with Retry-After": {"status": 429, "headers": {"Retry-After": "2"}},
    "404": {"status": 404},
    "answer after the time-out": {"delay_ms": 3500},
    "slow answer": {"delay_ms": 300},
    "connection dropped": {"drop_connection": True},
    "202 without a word": {"status": 202, "body": ""},
    "empty receipt": {"status": 202, "body": {"receipt": ""}},
    "HTML": {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>Welcome"},
    "redirect": {"status": 302, "headers": {"Location": "/elsewhere"}},
}
# What is wrong between two moments; and what happens at one.
WINDOWS = {
    "notifications": ["removed"],
    "messages": ["doubled", "lost", "reordered"],
    "routes": ["equivalent", "broken", "missing"],
    "secret": ["wrong token", "no JSON", "nobody there"],
}
MOMENTS = {"workers": ["killed"], "events": ["thrice"]}


@dataclass(frozen=True)
class Upload:
    """One file that the user of a lane sends. `path` is below the home, `size` is in bytes.

    `filepart`: under a temporary name and renamed, as WinSCP does. `cut`: the connection is cut
    after `cut_at` bytes, without a CLOSE.
    """

    seed: int
    number: int
    lane: int
    path: str
    size: int
    manner: Manner
    cut_at: int = 0

    @property
    def content(self) -> bytes:
        """The bytes of the whole file."""
        return random.Random(f"{self.seed}/{self.number}").randbytes(self.size)

    @property
    def is_routed(self) -> bool:
        """Whether there is a route for it."""
        return not self.path.startswith(f"{UNROUTED}/")


@dataclass(frozen=True)
class Fault:
    """What goes wrong from before upload `at` until before upload `until`; at once if the same."""

    kind: str
    how: str
    at: int
    until: int
    lane: int
    times: int
    dice: int


@dataclass(frozen=True)
class Plan:
    """Uploads in their order, and faults in the order in which they begin."""

    seed: int
    clients: tuple[Client, ...]
    uploads: tuple[Upload, ...]
    faults: tuple[Fault, ...]


def make_plan(seed: int, uploads: int) -> Plan:
    """The plan of a run with so many uploads."""
    chance = random.Random(seed)
    return Plan(
        seed=seed,
        clients=tuple(chance.choice(["paramiko", "asyncssh"]) for _ in range(LANES)),
        uploads=tuple(_uploads(chance, seed, uploads)),
        faults=tuple(sorted(_faults(chance, uploads), key=lambda fault: fault.at)),
    )


def _uploads(chance: random.Random, seed: int, count: int) -> Iterator[Upload]:
    paths: list[list[str]] = [[] for _ in range(LANES)]
    for number in range(count):
        lane = chance.randrange(LANES)
        size = _size(chance, number)
        (manner,) = chance.choices(MANNERS, [80, 12, 8])
        again = paths[lane] and size and chance.random() < 0.25
        path = chance.choice(paths[lane]) if again else _new_path(chance, number)
        if not size:
            # Never twice: a fragment without a byte must not be taken for the empty file.
            yield Upload(seed, number, lane, path, 0, "plain")
            continue
        paths[lane].append(path)
        cut_at = chance.randint(1, size) if manner == "cut" else 0
        yield Upload(seed, number, lane, path, size, manner, cut_at)


def _size(chance: random.Random, number: int) -> int:
    if number == 3 or chance.random() < 0.005:
        return chance.randrange(9 * MIB, 12 * MIB)  # more than one part of a multipart upload
    highest = chance.choices([0, 100, 4 * KIB, 256 * KIB], [5, 15, 60, 20])[0]
    return chance.randint(1, highest) if highest else 0


def _new_path(chance: random.Random, number: int) -> str:
    folder = UNROUTED if chance.random() < 0.02 else chance.choice(FOLDERS)
    return f"{folder}/{number} {chance.choice(MEAN_NAMES)}"


def _faults(chance: random.Random, uploads: int) -> Iterator[Fault]:
    yield from _spread(chance, uploads, "Quill", list(MOODS), uploads // 20)
    for kind, ways in WINDOWS.items():
        yield from _spread(chance, uploads, kind, ways, uploads // 300)
    for kind, ways in MOMENTS.items():
        yield from _spread(chance, uploads, kind, ways, max(2, uploads // 300))


def _spread(
    chance: random.Random, uploads: int, kind: str, ways: list[str], count: int
) -> Iterator[Fault]:
    """`count` faults of a kind, but each way at least once; one after the other."""
    count = max(count, len(ways))
    turn = _in_turn(chance, ways)
    # Long enough to be felt: some seconds of uploads.
    longest = min(80, uploads // count // 2) if kind in WINDOWS else 0
    for number in range(count):
        first, end = number * uploads // count, (number + 1) * uploads // count
        at = chance.randrange(first, max(first + 1, end - longest))
        until = min(end, at + chance.randint(longest // 2, longest))
        lane, times, dice = chance.randrange(LANES), chance.randint(1, 3), chance.getrandbits(32)
        yield Fault(kind, turn(), at, until, lane, times, dice)


def _in_turn(chance: random.Random, ways: list[str]) -> Callable[[], str]:
    left: list[str] = []

    def turn() -> str:
        if not left:
            left.extend(chance.sample(ways, len(ways)))
        return left.pop()

    return turn
