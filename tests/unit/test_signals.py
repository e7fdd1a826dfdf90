from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from quillgate.signals import end_on_signals, held_back

ENDING = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _ended_by_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    end_on_signals(lambda number: 128 + number)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_each_of_them_ends_the_command_and_a_second_does_not_disturb(number: int) -> None:
    with pytest.raises(SystemExit) as ended:
        signal.raise_signal(number)
    assert ended.value.code == 128 + number
    for again in ENDING:
        signal.raise_signal(again)


def test_what_must_be_done_as_a_whole_is() -> None:
    done: list[str] = []

    def work() -> None:
        with held_back():
            signal.raise_signal(signal.SIGTERM)
            done.append("started")
            done.append("told")
        done.append("never")

    with pytest.raises(SystemExit):
        work()
    assert done == ["started", "told"]


def test_where_no_signal_came_nothing_happens() -> None:
    with held_back():
        pass
    with held_back():
        pass
