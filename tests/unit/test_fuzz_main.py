"""`make fuzz` as a command: what it says and its exit status."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.fuzz.__main__ import run
from tests.integration.support import stop_as_by_hand


@pytest.fixture(params=[signal.SIGTERM, signal.SIGHUP])
def ending(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal whose handler is afterwards what it was."""
    before = signal.getsignal(request.param)
    yield request.param
    signal.signal(request.param, before)


def test_signals_that_end_a_run_do_it_as_ctrl_c(ending: signal.Signals) -> None:
    stop_as_by_hand()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(ending)


def test_a_turn_without_a_finding_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run({"packets": lambda seed: 3 * seed}, 7, 0) == 0
    assert "21 packets\nnothing found" in capsys.readouterr().out


def test_a_finding_comes_with_the_command_that_repeats_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def find(seed: int) -> int:
        assert seed == 7, "only on the second turn"
        return 1

    assert run({"all is well": find, "packets": lambda seed: find(seed + 1)}, 7, 60) == 1
    assert 'make fuzz MINUTES=0 SEED=7 ONLY="packets"' in capsys.readouterr().out


def test_stopped_by_hand_it_says_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(_: int) -> int:
        raise KeyboardInterrupt

    assert run({"steps": lambda _: 5, "packets": stopped}, 7, 60) == 130
    assert "5 steps\nstopped, nothing found so far" in capsys.readouterr().out
