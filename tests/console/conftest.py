"""What the tests stand on: an environment of their own, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.console.chromium import chromium
from tests.console.person import Person
from tests.integration.support import (
    Environment,
    Quill,
    Running,
    start_environment,
    stop_as_by_hand,
)

# So that an upload is given up after seconds: two tries, a second between them.
SOON_DEAD = ("--parameter", "MaxReceiveCount=2", "--parameter", "RetryMaxSeconds=1")

Visit = Callable[..., Person]


def pytest_configure() -> None:
    stop_as_by_hand()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start_environment(tmp_path_factory.mktemp("environment"), *SOON_DEAD) as running:
        yield running


@pytest.fixture(scope="session")
def environment(running: Running) -> Environment:
    return running.environment


@pytest.fixture(scope="session")
def quill(environment: Environment) -> Quill:
    return Quill(environment.quill_url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, environment: Environment) -> Iterator[Visit]:
    """People at the console, each with a browser of their own: `visit("operator")`.

    No browser may complain: of a script's error, or of something the security policy forbids.
    """
    people: list[Person] = []

    def come(role: str = "support", **options: Any) -> Person:
        person = Person(browser, environment.console_url, **options)
        people.append(person)
        person.work_as(role)
        return person

    yield come
    for each in people:
        each.leave()
    assert [each.problems for each in people if each.problems] == []
