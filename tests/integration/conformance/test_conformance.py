"""Every row of the fidelity table, against the server at hand."""

from __future__ import annotations

from functools import partial

import pytest

from tests.integration.conformance.conftest import Judge
from tests.integration.conformance.row import Row
from tests.integration.conformance.scene import Scene
from tests.integration.conformance.table import ROWS


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.name, marks=[pytest.mark.embedded] if row.own_server else [])
        for row in ROWS
        if row.observe
    ],
)
def test_row(row: Row, scene: Scene, judge: Judge) -> None:
    assert row.observe is not None
    judge(row, partial(row.observe, scene))
