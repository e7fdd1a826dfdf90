"""Thousands of uploads at once: Quill never gets more calls at a time than it was promised."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.chaos.conftest import Tell
from tests.integration.support import (
    Environment,
    Quill,
    eventually,
    get_json,
    start_environment,
)

WRITERS = 8
# Without them the calls are too short to meet; all of a flood's would take too long.
SLOW_CALLS, SLOW_MS = 200, 100
SECONDS_EACH = 0.2


@pytest.fixture(params=[2, 5])
def promised(request: pytest.FixtureRequest) -> int:
    """The second shows that the count does see more, when more is allowed."""
    return int(request.param)


@pytest.fixture
def own(promised: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """An environment that allows so many runs of the watchdog at the same time."""
    limit = ("--parameter", f"MaximumConcurrency={promised}")
    with start_environment(tmp_path_factory.mktemp("flood"), *limit) as running:
        yield running.environment


def test_a_flood_keeps_to_the_concurrency_promised(
    own: Environment, promised: int, request: pytest.FixtureRequest, tell: Tell
) -> None:
    count = int(request.config.getoption("--flood"))
    user, quill, started = own.routed_user(), Quill(own.quill_url), time.monotonic()
    quill.order_fault(delay_ms=SLOW_MS, times=SLOW_CALLS, project=user.name)
    _store(own, f"{user.home}/incoming", count)

    def all_told() -> list[dict[str, Any]]:
        items = quill.notifications(project=user.name)
        assert sum(item["status"] == "accepted" for item in items) == count
        return items

    items = eventually(all_told, 120 + count * SECONDS_EACH, pause_seconds=1)
    peak = get_json(f"{own.quill_url}/_quill/health")["calls"]["peak"]
    tell(f"flood: {count} uploads in {time.monotonic() - started:.0f} s, {peak} calls at once")
    assert peak == promised
    assert len({item["key"] for item in items}) == count
    assert {item["attempts"] for item in items} == {1}


def _store(own: Environment, folder: str, count: int) -> None:
    s3 = own.client("s3", max_pool_connections=WRITERS)

    def put(number: int) -> None:
        s3.put_object(Bucket=own.bucket, Key=f"{folder}/{number}.csv", Body=b"n\n1\n")

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(put, range(count)))
