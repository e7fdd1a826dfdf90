"""What `make fuzz` runs in turns: each campaign takes a seed, does some seconds' work, and counts.

Hypothesis makes the input from the seed and, when something fails, shrinks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.fuzz.channel import talk
from tests.fuzz.crowd import mingle
from tests.fuzz.cuts import cut_upload
from tests.fuzz.inside import BUCKET, play_inside
from tests.fuzz.live import Live
from tests.fuzz.noise import make_noise
from tests.fuzz.packets import PIECES, streams
from tests.fuzz.steps import programs
from tests.integration.support import Running

T = TypeVar("T")
Campaign = Callable[[int], int]


@contextmanager
def campaigns(running: Running) -> Iterator[dict[str, Campaign]]:
    """Name the campaigns; each gives how much of what its name says it has done."""
    live = Live(running)
    mine = programs(BUCKET, "acme", newlines=True)
    theirs = programs(live.environment.bucket, live.name, newlines=False)
    broken = st.tuples(streams, st.sampled_from(PIECES))
    together = st.lists(streams, max_size=3)
    with (
        asyncio.Runner() as runner,
        live.connections() as transports,
        live.environment.ssh(live.loner) as line,
    ):
        yield {
            "steps in-process": _many(200, mine, lambda program: play_inside(program, runner)),
            "packets in-process": _many(100, broken, lambda given: talk(*given, runner)),
            "steps over the wire": _many(20, theirs, lambda each: live.play(each, transports)),
            "packets over the wire": _many(40, together, lambda each: live.talk(each, line)),
            "uploads cut": lambda seed: _cuts(live, seed),
            "operations in a crowd": lambda seed: mingle(live, seed, 15, large=seed % 5 == 0),
            "noises": lambda seed: make_noise(live, seed),
            "checks of the server": lambda _: _check(live),
        }


def _many(examples: int, strategy: st.SearchStrategy[T], run: Callable[[T], int]) -> Campaign:
    def campaign(seed: int) -> int:
        done = 0

        @seeded(seed)
        @settings(
            max_examples=examples,
            phases=[Phase.generate, Phase.shrink],
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def test(example: Any) -> None:
            nonlocal done
            done += run(example)

        test()
        return done

    return campaign


def _cuts(live: Live, seed: int) -> int:
    for number in range(5):
        cut_upload(live, 5 * seed + number, large=number == 0)
    live.wipe()
    return 5


def _check(live: Live) -> int:
    live.check()
    return 1
