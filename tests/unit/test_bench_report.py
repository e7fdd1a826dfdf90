"""The benchmarks' arithmetic: medians, ratios to sshd on disk, goals."""

from __future__ import annotations

import pytest

from benchmarks.report import MOUNT_GOALS, SERVER_GOALS, Results, as_json, percentiles, table

TURNS = {
    "sshd": (1.0, 9.0, 2.0),
    "ours": (3.0, 4.0, 5.0),
    "embedded": (2.0, 2.0, 2.0),
    "mount": (8.0, 8.0, 8.0),
}
WORKLOADS = [*SERVER_GOALS, *MOUNT_GOALS]


def results(ours: float = 1.0) -> Results:
    """Three rounds of every goal's workload; `ours` stretches our times."""
    made = Results(left_out={"s3fs": "no /dev/fuse"})
    for server, seconds in TURNS.items():
        for number, value in enumerate(seconds):
            stretched = value * (ours if server == "ours" else 1)
            made.add(server, dict.fromkeys(WORKLOADS, stretched), {server: 5 - number}, [])
    made.to_quill.extend([0.01] * 9 + [0.1])
    return made


def test_a_ratio_is_between_medians_so_that_one_slow_round_changes_nothing() -> None:
    assert results().ratio("login", "ours") == pytest.approx(4.0 / 2.0)
    assert results().ratio("login", "sshd") == 1.0


def test_the_highest_memory_of_all_rounds_counts() -> None:
    assert results().memory == {name: {name: 5} for name in TURNS}


@pytest.mark.parametrize(("stretch", "met"), [(1.0, True), (1.01, False)])
def test_a_goal_is_met_up_to_its_limit(stretch: float, met: bool) -> None:
    goals = [goal for goal in results(stretch).goals() if goal.workload == "put 200 MB"]
    found = [(goal.server, goal.is_met) for goal in goals]
    assert found == [("ours", met), ("embedded", True), ("mount", True)]


def test_a_server_left_out_has_no_goals() -> None:
    left = Results(seconds=results().seconds, left_out={"mount": "no /dev/fuse"})
    assert {goal.server for goal in left.goals()} == {"ours", "embedded"}


def test_percentiles() -> None:
    assert percentiles([1.0, 2.0, 3.0]) == pytest.approx({"p50": 2.0, "p95": 2.9})


def test_the_table_says_what_the_json_holds() -> None:
    lines = table(results(1.01)).splitlines()
    assert "2.02 (4.04)" in next(line for line in lines if line.startswith("put 200 MB"))
    assert any("put 200 MB" in line and "NOT MET" in line for line in lines)
    assert any("no /dev/fuse" in line for line in lines)
    held = as_json(results(1.01), {}, {})["workloads"]["put 200 MB"]["ours"]
    assert held["seconds"] == pytest.approx([3.03, 4.04, 5.05])
    assert (held["median"], held["ratio"]) == pytest.approx((4.04, 2.02))


def test_what_was_lost_adds_up() -> None:
    made = results()
    made.add("ours", {}, {}, ["a.csv"])
    made.add("ours", {}, {}, ["b.csv"])
    assert made.lost["ours"] == ["a.csv", "b.csv"]
