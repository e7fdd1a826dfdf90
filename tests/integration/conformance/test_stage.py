"""The stage that all rows share outlasts what one row does to it."""

from __future__ import annotations

from tests.integration.conformance.stage import Stage
from tests.integration.raw_sftp import Kind


def test_a_session_that_a_row_has_cost_is_replaced(stage: Stage) -> None:
    stage.home_session().channel.close()
    assert stage.home_session().request(Kind.REALPATH, ".").kind == Kind.NAME
