"""Random programs of SFTP operations, and how one is played against the model.

A program is a list of steps, so hypothesis shrinks it, and its `repr` is the reproduction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.model import CREATE, EXCLUSIVE, READ, TRUNCATE, WRITE, Model
from tests.fuzz.places import Refused, Root
from tests.fuzz.player import Player

USERS = 4
SLOTS = 3
OFTEN = {"open": 3, "write": 2, "close": 2, "rename": 2, "mkdir": 2}
NAMES = ["a", "b", "d", "é +%2F.csv", "x\ny", "q'\"\\"]
ODD_NAMES = [*NAMES, "", ".", "..", "...", "readme.txt", "in", "deep", "A" * 250, "\0", "*?[", " "]
# Besides one's own folder: a neighbour whose name begins like one's own, mapped entries, the top.
STARTS = ["", "/", "../", "in/", "/in/deep/", "/in/deep/er/", "/a b/c/"]


@dataclass(frozen=True)
class Step:
    """Operation `do` of user number `who`."""

    who: int
    do: str
    args: tuple[Any, ...]


Program = list[list[Step]]  # of lists: hypothesis then makes long ones and still shrinks them


def scene(bucket: str, name: str) -> tuple[Root, ...]:
    """Four users of one bucket: two homes that begin alike, and two made of mappings."""
    mappings = {
        "/in": f"/{bucket}/{name}-maps/incoming",
        "/in/deep/er": f"/{bucket}/{name}-maps/other",
        "/readme.txt": f"/{bucket}/{name}-maps/pub/a",
        "/a b/c": f"/{bucket}/{name}/d",
    }
    return (
        Root(name, f"/{bucket}/{name}"),
        Root(f"{name}-corp", f"/{bucket}/{name}-corp"),
        Root(f"{name}-maps", "/", mappings, frozenset({"/readme.txt"})),
        Root(f"{name}-all", "/", {"/": f"/{bucket}/{name}-corp/d"}),
    )


def odd_objects(name: str) -> dict[str, bytes]:
    """Objects no client can make or name, and neighbours of the homes: none may ever change."""
    keys = ["//a", "/./a", "/../a", "/d//x", "oration/a", ""]
    return {name + key: key.encode() for key in keys}


@cache
def programs(bucket: str, name: str, *, newlines: bool) -> st.SearchStrategy[Program]:
    """Programs for the users of that scene; most steps meet on few names.

    No `newlines` in names where the engine's IAM denies them: its wildcards do not match them.
    """
    others = [*STARTS, f"/{bucket}/{name}/", f"/{bucket}/{name}-corp/", f"../{name}-corp/"]
    near = st.lists(st.sampled_from(NAMES[:4]), min_size=1, max_size=2).map("/".join)
    odd_names = [each for each in ODD_NAMES if newlines or "\n" not in each]
    odd = st.lists(st.sampled_from(odd_names), max_size=5).map("/".join)
    far = st.builds(str.__add__, st.sampled_from([*others, f"/{bucket}/", "/else/"]), near | odd)
    paths = near | near | near | far | odd
    return st.lists(st.lists(_steps(paths), max_size=12), max_size=12)


def _steps(paths: st.SearchStrategy[str]) -> st.SearchStrategy[Step]:
    slots = st.integers(0, SLOTS - 1)
    upload = st.just(WRITE | CREATE | TRUNCATE)
    flags = upload | upload | st.just(READ) | st.integers(0, 63) | st.just(WRITE | CREATE)
    offsets = st.sampled_from([0, 0, 0, 5, 10, 4096, 2**31, 2**63, 2**64 - 1])
    data = st.sampled_from([b"", b"first", b"again", b"x" * 300])
    counts = st.sampled_from([0, 3, 5, 65_536])  # a server may give less of more
    arguments = {
        "open": (slots, paths, flags | st.just(WRITE | CREATE | EXCLUSIVE)),
        "write": (slots, offsets, data),
        "read": (slots, offsets, counts),
        "close": (slots,),
        "rename": (paths, paths),
        **dict.fromkeys(("fstat", "fsetstat"), (slots,)),
        **dict.fromkeys(("stat", "listdir", "mkdir", "rmdir", "remove"), (paths,)),
        **dict.fromkeys(("realpath", "setstat"), (paths,)),
    }
    steps = [
        st.builds(Step, st.integers(0, USERS - 1), st.just(do), st.tuples(*given))
        for do, given in arguments.items()
        for _ in range(OFTEN.get(do, 1))
    ]
    return st.one_of(steps)


def play(program: Program, models: Sequence[Model], players: Sequence[Player]) -> int:
    """Do each step on both sides and compare what comes back; give the number of steps."""
    steps = [step for part in program for step in part]
    for number, step in enumerate(steps, start=1):
        expected = _outcome(models[step.who], step)
        seen = _outcome(players[step.who], step)
        assert _agree(expected, seen), (
            f"step {number}, {step.do}{step.args} of user {step.who}:"
            f" should be {_short(expected)}, is {_short(seen)}"
        )
    return len(steps)


def _outcome(side: Model | Player, step: Step) -> Any:
    try:
        return getattr(side, step.do)(*step.args)
    except Refused as refused:
        return refused


def _agree(expected: Any, seen: Any) -> bool:
    if isinstance(expected, Refused):
        return isinstance(seen, Refused) and seen.codes <= expected.codes
    return bool(seen == expected)


def _short(outcome: Any) -> str:
    return f"{outcome!r:.200}"
