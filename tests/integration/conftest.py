"""What the integration tests stand on: an environment, and ways to it over the wire only.

Nothing of our packages is imported here or in the tests: what they know of the environment is what
`quillgate up --json` prints, as any user's script would.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.integration.deployed import NoStack, chosen, deployed, left_as_found
from tests.integration.support import (
    Environment,
    NewUser,
    Quill,
    Running,
    Sftp,
    start_environment,
    stop_as_by_hand,
)

LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--environment",
        choices=["embedded", "aws"],
        default="embedded",
        help="where the suite runs; embedded starts its own on free ports",
    )
    parser.addoption("--stack", help="the deployed stack's name, with --environment aws")
    parser.addoption("--quill-url", help="a fake Quill that the deployed stack's watchdog tells")


def pytest_configure(config: pytest.Config) -> None:
    stop_as_by_hand()
    if config.getoption("--environment") == "aws" and not config.getoption("--stack"):
        raise pytest.UsageError("--environment aws needs a stack - name it: --stack NAME")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a deployed stack, leave out what would harm it, and say so."""
    if config.getoption("--environment") == "aws":
        has_quill = bool(config.getoption("--quill-url"))
        kept, left_out, config.stash[LEFT_OUT] = chosen(items, has_quill=has_quill)
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in terminalreporter.config.stash.get(LEFT_OUT, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The environment's process; the whole session shares it."""
    with start_environment(tmp_path_factory.mktemp("environment")) as running:
        yield running


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Iterator[Environment]:
    """How to reach the environment: the JSON of `quillgate up --json`, or a stack's outputs."""
    option = request.config.getoption
    if option("--environment") == "embedded":
        running: Running = request.getfixturevalue("running")
        yield running.environment
        return
    try:
        found = deployed(option("--stack"), option("--quill-url"), os.environ)
    except NoStack as error:
        pytest.exit(str(error), pytest.ExitCode.USAGE_ERROR)
    with left_as_found(found) as environment:
        yield environment


@pytest.fixture(scope="session")
def aws(environment: Environment) -> Callable[[str], Any]:
    """boto3 clients of the environment, by service."""
    return environment.client


@pytest.fixture(scope="session")
def transfer(environment: Environment) -> Any:
    return environment.client("transfer")


@pytest.fixture(scope="session")
def s3(environment: Environment) -> Any:
    return environment.client("s3")


@pytest.fixture(scope="session")
def quill(environment: Environment) -> Quill:
    return Quill(environment.quill_url)


@pytest.fixture(scope="session")
def new_user(environment: Environment) -> Callable[..., NewUser]:
    """Makes users with their own key and home; no other test sees them."""
    return environment.new_user


@pytest.fixture
def sftp(environment: Environment) -> Iterator[Callable[[NewUser], Sftp]]:
    """Logs users in; sessions end with the test."""
    with ExitStack() as stack:
        yield lambda user: stack.enter_context(environment.sftp(user))
