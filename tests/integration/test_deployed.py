"""What the suite leaves behind on somebody's stack: nothing of its own, all of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.deployed import left_as_found
from tests.integration.support import CONFIG_KEY, Environment

pytestmark = pytest.mark.embedded


def test_routes_that_others_change_meanwhile_stay(environment: Environment, s3: Any) -> None:
    with left_as_found(Environment(environment.values)) as guest:
        ours = guest.routed_user()
        theirs = environment.routed_user()
    routes = s3.get_object(Bucket=environment.bucket, Key=CONFIG_KEY)["Body"].read().decode()
    assert theirs.name in routes
    assert ours.name not in routes
