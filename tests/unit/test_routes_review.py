from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sftp_watchdog.routes import Routes, parse

from quillgate.routes_review import changes, warnings


def routes(*places: tuple[str, str], project: str = "p") -> Routes:
    """Routes for (directory, pattern), each three lines long."""
    return parse(
        "".join(
            f'[[route]]\nproject = "{project}"\ndirectory = "{directory}"\n'
            f'pattern = "{pattern}"\nstories = "out"\n'
            for directory, pattern in places
        )
    )


A, B, C = ("a/in", "*.csv"), ("b/in", "*"), ("*/in", "*.csv")
PLACES = st.permutations([A, B, C, ("a/in", "*"), ("b/in", "*.csv")])


def test_what_changes_is_told_route_by_route() -> None:
    settings = "directory 'a/in', stories 'out', pattern '*.csv'"
    [new] = changes(routes(B), routes(B, A))
    assert new.startswith(f"+ project 'p', {settings}")
    [gone] = changes(routes(A, B), routes(B))
    assert gone.startswith(f"- project 'p', {settings}")
    [changed] = changes(routes(A), routes(A, project="q"))
    assert changed.startswith(f"~ project 'q', {settings}")
    assert changed.endswith("; was project 'p'")


def test_where_nothing_was_everything_is_new() -> None:
    assert [line[0] for line in changes(None, routes(A, B))] == ["+", "+"]


def test_another_order_may_be_another_route() -> None:
    [order] = changes(routes(A, B), routes(B, A))
    assert order.startswith("~ the order")
    assert list(changes(routes(A, B), routes(A, B))) == []


@pytest.mark.parametrize("pattern", ["*", "**"])
def test_a_route_behind_one_that_takes_everything_is_told_with_both_lines(pattern: str) -> None:
    [warning] = warnings(routes(B, ("a/in", pattern), C, A))
    assert warning.startswith("line 16: no file takes this route: the one on line 6 takes every")


@pytest.mark.parametrize("places", [(A, ("a/in", "*")), (C, A), (("*/in", "*"), A), (B, A)])
def test_a_route_that_some_file_takes_is_no_warning(places: tuple[tuple[str, str], ...]) -> None:
    assert list(warnings(routes(*places))) == []


@given(PLACES)
def test_exactly_those_are_warned_of_that_no_file_takes(places: list[tuple[str, str]]) -> None:
    found = routes(*places)
    keys = [f"{folder}/in/{name}" for folder in "abc" for name in ("x.csv", "x")]
    taken = {match.route.line for key in keys if (match := found.find(key))}
    warned = {int(warning.split(":")[0].removeprefix("line ")) for warning in warnings(found)}
    assert warned == {route.line for route in found.routes} - taken
