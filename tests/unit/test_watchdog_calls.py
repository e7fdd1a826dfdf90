from __future__ import annotations

import pytest

from benchmarks.watchdog_calls import calls


def test_an_upload_costs_on_s3_what_the_benchmark_says() -> None:
    counted = calls()
    assert counted.by_kind["accepted"] == {"head_object": 1, "put_object": 5}
    assert counted.by_kind["its story"] == {"get_object": 2, "put_object": 1}
    assert counted.price("accepted") == pytest.approx(0.0254)
    assert counted.before_quill == 3
