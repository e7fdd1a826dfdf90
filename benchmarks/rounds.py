"""How often everything is measured."""

from __future__ import annotations

import os

from benchmarks.server import BenchError


def rounds() -> int:
    """BENCH_ROUNDS, 3 when it is not set; BenchError when it is no number of rounds."""
    value = os.environ.get("BENCH_ROUNDS", "3")
    if not value.isdecimal() or int(value) < 1:
        raise BenchError(f"no number of rounds: BENCH_ROUNDS='{value}' - give 1 or more")
    return int(value)
