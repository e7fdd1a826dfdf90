"""What the suite leaves out on compose is there to be left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.compose_left_out import REASONS

SUITE = Path(__file__).parents[1] / "integration"


@pytest.mark.parametrize("name", REASONS)
def test_each_name_is_that_of_a_test(name: str) -> None:
    module, _, function = name.partition("::")
    (file,) = SUITE.rglob(f"{module}.py")
    assert f"def {function or 'test_'}" in file.read_text()
