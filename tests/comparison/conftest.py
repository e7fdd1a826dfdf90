"""An engine that enforces IAM, for itself: what it decides is compared with what we decide."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from quillgate.direct import answers
from quillgate.parts import all_parts
from quillgate.ports import free_ports
from quillgate.processes import Children
from quillgate.state import State
from tests.comparison.engine import Engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    ports = free_ports()
    folder: Path = tmp_path_factory.mktemp("engine")
    part = all_parts(State(folder), ports)[0]
    children = Children()
    try:
        children.start(part.name, list(part.command), part.environ, folder / "engine.log")
        children.wait_until(part.name, partial(answers, part.health_url), 60)
        yield Engine(f"http://127.0.0.1:{ports.engine}")
    finally:
        children.stop()
