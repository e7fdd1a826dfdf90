"""However large a file is, our process stays as it was: on an S3 that takes no memory itself.

`make bench` does the same with 5 GB when it is told to.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.alone import send_and_fetch

pytestmark = pytest.mark.clients
SIZE = 1024**3
MAY_GROW = 64 * 1024**2


def test_one_gibibyte_takes_no_more_memory_than_its_parts_on_the_way(tmp_path: Path) -> None:
    journey = send_and_fetch(tmp_path, SIZE)
    assert journey.stored == journey.fetched == SIZE
    assert journey.memory < MAY_GROW
