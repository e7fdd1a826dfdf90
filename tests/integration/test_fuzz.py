"""Short runs of `make fuzz` over the wire: broken packets, random programs, cuts, crowds."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.crowd import mingle
from tests.fuzz.cuts import cut_upload
from tests.fuzz.live import Live
from tests.fuzz.noise import make_noise
from tests.fuzz.packets import Stream, streams
from tests.fuzz.steps import Program, programs
from tests.integration.support import Running


@pytest.fixture(scope="module")
def live(running: Running) -> Live:
    return Live(running)


def short(examples: int) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def test_random_programs_do_what_the_model_does(live: Live) -> None:
    with live.connections() as transports:

        @short(10)
        @given(programs(live.environment.bucket, live.name, newlines=False))
        def play(program: Program) -> None:
            live.play(program, transports)

        play()
    live.check()


def test_broken_packets_get_one_answer_each(live: Live) -> None:
    with live.environment.ssh(live.loner) as transport:

        @short(10)
        @given(st.lists(streams, max_size=3))
        def talk(together: list[Stream]) -> None:
            live.talk(together, transport)

        talk()
    live.check()


@pytest.mark.parametrize("seed", range(4))
def test_of_a_cut_upload_the_beginning_is_stored(seed: int, live: Live) -> None:
    cut_upload(live, seed, large=seed == 0)
    live.check()


def test_noise_disturbs_nobody_else(live: Live) -> None:
    make_noise(live, seed=1)
    live.check()


def test_a_crowd_on_few_names_leaves_whole_files(live: Live) -> None:
    mingle(live, seed=1, turns=10, large=True)
    live.check()
