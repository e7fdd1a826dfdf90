"""Times in AWS's answers: ours reads each as botocore does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from emulator.timestamps import timestamp

SECONDS = st.integers(0, 4_000_000_000)


@given(SECONDS, st.sampled_from(["%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%M:%SZ"]))
def test_in_bodies(seconds: int, form: str) -> None:
    text = datetime.fromtimestamp(seconds, UTC).strftime(form)
    assert timestamp(text).timestamp() == seconds == parse_timestamp(text).timestamp()


@given(SECONDS)
def test_in_headers(seconds: int) -> None:
    text = datetime.fromtimestamp(seconds, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert timestamp(text).timestamp() == seconds == parse_timestamp(text).timestamp()


@pytest.mark.parametrize(
    "value", [1_700_000_000, 1_700_000_000.5, "1700000000", "20261123T090000Z"]
)
def test_other_forms_too(value: float | str) -> None:
    assert timestamp(value) == parse_timestamp(cast("str", value))


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        timestamp("soon")
