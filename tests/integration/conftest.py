"""What the integration tests stand on: an environment, and ways to it over the wire only.

Nothing of our packages is imported here or in the tests: what they know of the environment is what
`quillgate up --json` prints, as any user's script would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.integration.support import Environment, NewUser, Quill, Running, Sftp, start_environment


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--environment",
        choices=["embedded"],
        default="embedded",
        help="where the suite runs; embedded starts its own on free ports",
    )


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The environment's process; the whole session shares it."""
    with start_environment(tmp_path_factory.mktemp("environment")) as running:
        yield running


@pytest.fixture(scope="session")
def environment(running: Running) -> Environment:
    """How to reach the environment: the JSON of `quillgate up --json`."""
    return running.environment


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
