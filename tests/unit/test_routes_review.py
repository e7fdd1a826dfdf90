from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sftp_watchdog.routes import Routes, parse

from quillgate.routes_review import Review, changes, moves, review, warnings
from tests.unit.routes_fakes import toml


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
    assert new == f"+ project 'p', {settings}, complete 'close'"
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


def review_of(text: str, stories: str = "*", keys: tuple[str, ...] = ()) -> Review:
    return review(text.encode(), stories, routes(A, B), keys)


@pytest.mark.parametrize(
    ("pattern", "is_fit"),
    [("*", True), ("out/*", True), ("ou?/*", True), ("*/outgoing/*", False), ("[o]ut/*", False)],
)
def test_stories_must_go_where_quill_may_write(pattern: str, is_fit: bool) -> None:
    found = review_of(toml("p", "x/in", stories="out"), pattern)
    assert (found.problems == ()) == is_fit
    if not is_fit:
        assert str(found.problems[0]).startswith("line 1: Quill may not write stories to 'out'")


def test_of_what_cannot_be_used_all_problems_are_told_and_nothing_else() -> None:
    found = review_of(toml("p q", "/x") + toml("p", "y//"), keys=("a/in/x.csv",))
    assert found.routes is None
    assert [problem.line for problem in found.problems] == [2, 3, 7]
    assert (found.warnings, found.changes, found.moves) == ((), (), ())


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (routes(A, B), None),
        (routes(A, project="q"), "was p, would be q"),
        (routes(B), "was p, would have no route any more: no route for 'a/in/x.csv' - routes "),
        (parse(toml("p", "a/in", stories="b")), "stays p, its story would go to 'b/'"),
        (parse(toml("p", "a", stories="out")), "stays p, its story would go to 'out/in/'"),
        (
            parse(toml("p", "a/in", complete="marker", marker="*csv") + toml("p", "b/in")),
            "was p, would have no route any more: 'a/in/x.csv' is ignored: the marker of",
        ),
    ],
)
def test_which_files_go_elsewhere(after: Routes, words: str | None) -> None:
    found = [move.words for move in moves(routes(A, B), after, ["a/in/x.csv", "nobody/x"])]
    assert (not found) if words is None else found[0].startswith(words)


def test_where_nothing_was_each_file_taken_is_new() -> None:
    [move] = moves(None, routes(A), ["a/in/x.csv", "b/in/x.csv"])
    assert (move.key, move.words) == ("a/in/x.csv", "had no route, would be p")


def test_files_that_lose_their_route_come_first() -> None:
    after = routes(B, project="q")
    found = moves(routes(A, B), after, ["b/in/x.csv", "a/in/x.csv"])
    assert [(move.key, move.is_lost) for move in found] == [
        ("a/in/x.csv", True),
        ("b/in/x.csv", False),
    ]
