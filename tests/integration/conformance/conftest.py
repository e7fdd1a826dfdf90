"""What the rows are run on, and what becomes of a row that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.integration.compose import FRONT_ENDS, through
from tests.integration.conformance.differences import Difference, summary
from tests.integration.conformance.row import Outcome, Row
from tests.integration.conformance.scene import Scene
from tests.integration.conformance.stage import Stage
from tests.integration.support import Environment

DIFFERENCES = pytest.StashKey[list[Difference]]()
Judge = Callable[[Row, Callable[[], Outcome]], None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On compose the rows are for both front ends."""
    on_compose = metafunc.config.getoption("--environment") == "compose"
    if on_compose and "front_end" in metafunc.fixturenames:
        metafunc.parametrize("front_end", FRONT_ENDS, scope="session")


@pytest.fixture(scope="session")
def front_end() -> str | None:
    """The part of compose that serves SFTP; None where there is but one."""
    return None


@pytest.fixture(scope="session")
def stage(environment: Environment, front_end: str | None) -> Iterator[Stage]:
    """Bucket, role and queue of the whole run."""
    with Stage(through(front_end, environment) if front_end else environment) as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage, row: Row) -> Iterator[Scene]:
    """A row's own folder; the logins it makes end with it."""
    with ExitStack() as ended:
        yield Scene(stage, row.area, stage.home_session(), ended)


@pytest.fixture
def judge(stage: Stage, request: pytest.FixtureRequest) -> Judge:
    """Compare what was seen with the row: on AWS differences are collected, elsewhere they fail."""
    found = request.config.stash.setdefault(DIFFERENCES, [])

    def compare(row: Row, look: Callable[[], Outcome]) -> None:
        place = stage.environment.place
        if place == "aws":
            found.extend(Difference.between(row, _seen(look)))
            return
        expected, seen = row.expected_on(place), _outcome(look)
        assert expected.agrees(seen), f"expected {expected}, seen {seen}"

    return compare


def _outcome(look: Callable[[], Outcome]) -> Outcome:
    """A server may answer a packet by hanging up."""
    try:
        return look()
    except EOFError:
        return Outcome("session ended")


def _seen(look: Callable[[], Outcome]) -> Outcome:
    """A check that goes another way than ours is an answer too: it belongs into the table."""
    try:
        return look()
    except Exception as error:
        return Outcome("check ended early", repr(error))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what AWS answered otherwise than the table says."""
    found: list[Difference] = terminalreporter.config.stash.get(DIFFERENCES, [])
    for line in summary(found):
        terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when AWS contradicts what its documents say."""
    found = session.config.stash.setdefault(DIFFERENCES, [])
    if any(each.weight == "D" for each in found) and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
