"""Short runs of `make fuzz`, and what it has found: each finding stays found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.channel import talk
from tests.fuzz.inside import BUCKET, play_inside
from tests.fuzz.model import CREATE, EXCLUSIVE, READ, TRUNCATE, WRITE
from tests.fuzz.packets import INIT, PIECES, Stream, ids_owed, packet, streams, until_broken
from tests.fuzz.steps import Program, Step, programs
from tests.integration.raw_sftp import Kind, string

UPLOAD = WRITE | CREATE | TRUNCATE
REALPATH = packet(Kind.REALPATH, (string("a"),), 7)
SHORT = settings(max_examples=15, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@SHORT
@given(program=programs(BUCKET, "acme", newlines=True))
def test_random_programs_do_what_the_model_does(program: Program, runner: asyncio.Runner) -> None:
    play_inside(program, runner)


@pytest.mark.parametrize(
    "steps",
    [
        # EXCLUSIVE without CREATE made a file.
        [Step(0, "open", (0, "a", WRITE | EXCLUSIVE)), Step(0, "stat", ("a",))],
        # The bucket itself was opened for writing, and CLOSE told of a call that boto3 refused.
        [Step(0, "open", (0, f"/{BUCKET}", UPLOAD)), Step(0, "close", (0,))],
        # What is mapped as a folder could be read when S3 held an object of that key.
        [
            Step(1, "open", (0, "d", UPLOAD)),
            Step(1, "close", (0,)),
            Step(3, "open", (0, "/", READ)),
        ],
    ],
)
def test_what_programs_found(steps: list[Step], runner: asyncio.Runner) -> None:
    assert play_inside([steps], runner) == len(steps)


@SHORT
@given(stream=streams, piece=st.sampled_from(PIECES))
def test_broken_packets_get_one_answer_each(
    stream: Stream, piece: int, runner: asyncio.Runner
) -> None:
    talk(stream, piece, runner)


@pytest.mark.parametrize(
    "stream",
    [
        # The answer before a packet of an impossible length was lost with the channel.
        [INIT, REALPATH, bytes(16)],
    ],
)
def test_what_packets_found(stream: Stream, runner: asyncio.Runner) -> None:
    assert talk(stream, 10**6, runner) == len(stream)


@pytest.mark.parametrize(
    ("stream", "owed"),
    [
        ([], []),
        ([REALPATH], []),
        ([INIT], [3]),
        ([INIT, REALPATH, REALPATH[:-1]], [3, 7]),
        ([INIT, bytes(4), REALPATH], [3]),
    ],
)
def test_what_answers_are_owed(stream: Stream, owed: list[int]) -> None:
    assert ids_owed(stream) == [number.to_bytes(4) for number in owed]


@pytest.mark.parametrize(
    ("stream", "kept"),
    [
        ([INIT, REALPATH[:-1], REALPATH[-1:]], 3),
        ([INIT, bytes(4), REALPATH], 2),
        ([INIT, bytes(3), REALPATH], 3),
        ([REALPATH, INIT], 1),
        ([INIT, b"\0\4\0\1", REALPATH], 2),
    ],
)
def test_where_a_channel_ends(stream: Stream, kept: int) -> None:
    pieces, _ = until_broken(stream)
    assert pieces == stream[:kept]
