"""The environment of the integration suite, and what a run is made from."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration import conftest as suite
from tests.integration.selection import leave_out
from tests.integration.support import Running, start_environment

# Its environment and options are ours too: `--environment embedded|compose`.
pytest_configure = suite.pytest_configure
pytest_sessionstart = suite.pytest_sessionstart
pytest_sessionfinish = suite.pytest_sessionfinish
pytest_terminal_summary = suite.pytest_terminal_summary
environment, target = suite.environment, suite.target

ONE_AT_A_TIME = "floods the queue: LocalStack never has more than one run of a function"
SHORT = {"embedded": 150, "compose": 60}
Tell = Callable[[str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    suite.pytest_addoption(parser)
    parser.addoption("--seed", type=int, help="what the plan is made from; any when not given")
    parser.addoption("--uploads", type=int, help="how many; a short run when not given")
    parser.addoption("--flood", type=int, default=500, help="how many objects flood the queue")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--environment") == "compose":
        leave_out(config, items, "compose", _why_not_on_compose)


def _why_not_on_compose(item: pytest.Item) -> str | None:
    return ONE_AT_A_TIME if item.path.stem == "test_flood" else None


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With few tries, so that there are dead letters, too."""
    few = ("--parameter", "MaxReceiveCount=4")
    with start_environment(tmp_path_factory.mktemp("environment"), *few) as running:
        yield running


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    given: int | None = request.config.getoption("--seed")
    return random.randrange(10_000) if given is None else given


@pytest.fixture(scope="session")
def uploads(request: pytest.FixtureRequest) -> int:
    given: int | None = request.config.getoption("--uploads")
    return given or SHORT[request.config.getoption("--environment")]


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Tell:
    """Prints a line, whatever pytest captures."""
    reporter: Any = request.config.pluginmanager.get_plugin("terminalreporter")
    capture: Any = request.config.pluginmanager.get_plugin("capturemanager")

    def line(text: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(text)

    return line
