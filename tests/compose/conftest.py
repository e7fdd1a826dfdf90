"""A project for all tests in here; each leaves it up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.project import Project, copy_of_the_checkout, project
from tests.integration.support import stop_as_by_hand


def pytest_configure() -> None:
    stop_as_by_hand()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_checkout(tmp_path_factory.mktemp("compose") / "the drop é")


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest, checkout: Path) -> Iterator[Project]:
    with project("quillgate-test", checkout, checkout / ".quillgate") as made:
        is_up = False
        try:
            made.docker("up", "--build", "--wait")
            is_up = True
            yield made
        finally:
            if not is_up or request.session.testsfailed:
                made.keep_logs()
