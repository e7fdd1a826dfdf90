"""What the integration tests stand on: an environment, and ways to it over the wire only.

Nothing of our packages is imported here or in the tests: what they know of the environment is what
`quillgate up --json` prints, as any user's script would.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from tests.integration.compose import NoProject, Project, composed, settings
from tests.integration.compose_left_out import why_not_on_compose
from tests.integration.deployed import NoStack, deployed, left_as_found, unsafe
from tests.integration.selection import LEFT_OUT, leave_out
from tests.integration.support import (
    Environment,
    NewUser,
    Quill,
    Running,
    Sftp,
    start_environment,
    stop_as_by_hand,
)

PROJECT = pytest.StashKey[Project]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--environment",
        choices=["embedded", "compose", "aws"],
        default="embedded",
        help="where the suite runs; embedded starts its own on free ports, compose brings the"
        " project up if it is not up",
    )
    parser.addoption("--stack", help="the deployed stack's name, with --environment aws")
    parser.addoption("--quill-url", help="a fake Quill that the deployed stack's watchdog tells")


def pytest_configure(config: pytest.Config) -> None:
    stop_as_by_hand()
    if config.getoption("--environment") == "aws" and not config.getoption("--stack"):
        raise pytest.UsageError("--environment aws needs a stack - name it: --stack NAME")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Bring the compose project up, once: not in the workers of pytest-xdist."""
    config = session.config
    if config.getoption("--environment") != "compose" or hasattr(config, "workerinput"):
        return
    if not config.getoption("--collect-only"):
        _bring_up(config)


def _bring_up(config: pytest.Config) -> None:
    project = config.stash[PROJECT] = Project()
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    reporter.write_line("compose project: brought up with --build --wait, if it is not up")
    try:
        project.bring_up()
    except NoProject as error:
        logs = f"; logs of every service: {project.keep_logs()}" if project.is_ours else ""
        project.leave()
        pytest.exit(f"{error}{logs}", pytest.ExitCode.USAGE_ERROR)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the logs of a run that failed, and leave the project up if it was."""
    project = session.config.stash.get(PROJECT, None)
    if project is None:
        return
    if exitstatus:
        session.config.stash.setdefault(LEFT_OUT, []).append(
            f"logs of every service: {project.keep_logs()}"
        )
    project.leave()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what says nothing about the environment or would harm it, and say so."""
    place = config.getoption("--environment")
    if place == "compose":
        leave_out(config, items, place, why_not_on_compose)
    if place == "aws":
        has_quill = bool(config.getoption("--quill-url"))
        leave_out(config, items, "a deployed stack", partial(unsafe, has_quill=has_quill))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker of pytest-xdist left out, all of them leave out."""
    if left_out := getattr(node, "workeroutput", {}).get("left_out"):
        node.config.stash[LEFT_OUT] = left_out


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
        if option("--environment") == "compose":
            found = composed()
        else:
            found = deployed(option("--stack"), option("--quill-url"), os.environ)
    except (NoProject, NoStack) as error:
        pytest.exit(str(error), pytest.ExitCode.USAGE_ERROR)
    with left_as_found(found) as environment:
        yield environment


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> list[str]:
    """The words that name the environment to a `quillgate` command."""
    if request.config.getoption("--environment") == "embedded":
        running: Running = request.getfixturevalue("running")
        return ["--state", str(running.state)]
    return ["--environment", "compose", "--state", str(settings().state)]


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
