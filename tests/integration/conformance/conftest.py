"""What the rows are run on, and what becomes of a row that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.integration.conformance.differences import Difference, summary
from tests.integration.conformance.row import Outcome, Row
from tests.integration.conformance.scene import Scene
from tests.integration.conformance.stage import Stage
from tests.integration.support import Environment

DIFFERENCES = pytest.StashKey[list[Difference]]()
Judge = Callable[[Row, Callable[[], Outcome]], None]


@pytest.fixture(scope="session")
def stage(environment: Environment) -> Iterator[Stage]:
    """Bucket, role and queue of the whole run."""
    with Stage(environment) as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage, row: Row) -> Iterator[Scene]:
    """A row's own folder; the logins it makes end with it."""
    with ExitStack() as ended:
        yield Scene(stage, row.area, stage.home_session(), ended)


@pytest.fixture
def judge(environment: Environment, request: pytest.FixtureRequest) -> Judge:
    """Compare what was seen with the row: on AWS differences are collected, elsewhere they fail."""
    found = request.config.stash.setdefault(DIFFERENCES, [])

    def compare(row: Row, look: Callable[[], Outcome]) -> None:
        if environment.environment == "aws":
            found.extend(Difference.between(row, _seen(look)))
            return
        expected, seen = row.expected_on(environment.environment), look()
        assert expected.agrees(seen), f"expected {expected}, seen {seen}"

    return compare


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
