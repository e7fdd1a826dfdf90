from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sftp_watchdog.errors import Problem, RoutesError
from sftp_watchdog.routes import Routes, parse

ROUTE = {"project": "p", "directory": "acme/incoming", "stories": "acme/outgoing"}


def toml(*routes: dict[str, str]) -> str:
    return "\n".join(
        "[[route]]\n" + "".join(f"{key} = '{value}'\n" for key, value in route.items())
        for route in routes
    )


def routes(*directories: str) -> Routes:
    """One route for each directory; the project is its number."""
    tables = [
        {"project": str(number), "directory": directory, "stories": "outgoing"}
        for number, directory in enumerate(directories)
    ]
    return parse(toml(*tables))


def refused(text: str) -> list[str]:
    with pytest.raises(RoutesError) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.problems]


def with_route(**changes: str) -> str:
    return toml(ROUTE | changes)


def project(found: Routes, key: str) -> str | None:
    match = found.find(key)
    return match.project if match else None


def test_the_example_of_the_interface() -> None:
    found = parse(
        """
        [[route]]
        project   = "acme-sales"        # what Quill calls it
        directory = "acme/incoming"
        pattern   = "*.csv"
        stories   = "acme/outgoing"
        complete  = "close"
        """
    )
    match = found.find("acme/incoming/eu/q3 sales.csv")
    assert match
    assert (match.project, match.deliver_to) == ("acme-sales", "acme/outgoing/eu/")
    assert project(found, "acme/incoming/a.CSV") is None
    assert project(found, "acme/incoming-old/a.csv") is None
    assert project(found, "acme/incoming.csv") is None
    assert project(found, "x/acme/incoming/a.csv") is None


@pytest.mark.parametrize(
    ("directory", "stories", "key", "deliver_to"),
    [
        ("*/incoming", "*/outgoing", "acme/incoming/a.csv", "acme/outgoing/"),
        ("*/incoming", "*/outgoing", "acme/incoming/x/y/a.csv", "acme/outgoing/x/y/"),
        ("*/in/*", "*/out/*", "a/in/b/c/d.csv", "a/out/b/c/"),
        ("*/in/*", "out/*", "a/in/b/d.csv", "out/a/"),
        ("a b/é+%", 'q"t', "a b/é+%/x\ny.csv", 'q"t/'),
    ],
)
def test_stars_and_sub_folders_are_repeated_in_the_stories_folder(
    directory: str, stories: str, key: str, deliver_to: str
) -> None:
    match = parse(with_route(directory=directory, stories=stories)).find(key)
    assert match
    assert match.deliver_to == deliver_to


def test_a_star_stands_for_one_segment_that_has_a_name() -> None:
    found = routes("*/incoming")
    assert project(found, "incoming/a.csv") is None
    assert project(found, "/incoming/a.csv") is None
    assert project(found, "a/b/incoming/a.csv") is None
    assert project(found, "*/incoming/a.csv") == "0"


@pytest.mark.parametrize(
    ("directories", "winner"),
    [
        (("*/incoming", "acme/incoming"), 1),
        (("acme/incoming", "*/incoming"), 0),
        (("acme", "acme/incoming", "acme/incoming/eu"), 2),
        (("acme/incoming", "*/*/*"), 0),
        (("acme", "*/incoming"), 1),
        (("acme/*", "*/incoming"), 0),
        (("*/incoming", "acme/*"), 0),
        (("acme/incoming", "acme/incoming/*"), 1),
    ],
)
def test_precedence_most_literal_then_longest_then_first(
    directories: tuple[str, ...], winner: int
) -> None:
    assert project(routes(*directories), "acme/incoming/eu/a.csv") == str(winner)


def test_a_route_whose_pattern_fails_leaves_the_file_to_the_next() -> None:
    found = parse(
        toml(
            ROUTE | {"pattern": "*.csv"},
            ROUTE | {"project": "all", "directory": "*/incoming"},
        )
    )
    assert project(found, "acme/incoming/a.csv") == "p"
    assert project(found, "acme/incoming/a.json") == "all"


def test_in_one_directory_the_first_pattern_that_fits_wins() -> None:
    found = parse(toml(ROUTE | {"pattern": "*.csv"}, ROUTE | {"project": "q"}))
    assert [project(found, f"acme/incoming/{name}") for name in ("a.csv", "a.txt")] == ["p", "q"]


@pytest.mark.parametrize("name", ["a.csv.filepart", "a.tmp", "a.part", "", "sub/"])
def test_temporary_names_and_folder_markers_are_never_routed(name: str) -> None:
    found = routes("acme")
    assert project(found, f"acme/{name}") is None
    assert "is ignored" in found.explain(f"acme/{name}")


def test_stories_are_told_from_uploads() -> None:
    found = parse(with_route(directory="*/incoming", stories="*/outgoing"))
    assert found.is_story("acme/outgoing/eu/q3.csv.story.txt")
    assert not found.is_story("acme/outgoing/q3.csv")
    assert not found.is_story("acme/incoming/q3.csv.story.txt")
    assert not found.is_story("outgoing/q3.csv.story.txt")
    assert project(found, "acme/incoming/q3.csv.story.txt") == "p"


def test_a_story_is_never_routed_not_even_where_stories_enclose_the_directory() -> None:
    found = parse(with_route(directory="acme/incoming", stories="acme"))
    assert project(found, "acme/incoming/a.csv.story.txt") is None
    assert project(found, "acme/incoming/a.csv") == "p"


def test_a_marker_is_no_upload_whatever_the_pattern() -> None:
    found = parse(with_route(complete="marker", marker="*.done"))
    assert found.marked_by("acme/incoming/eu/a.csv.done") == "acme/incoming/eu/a.csv"
    assert project(found, "acme/incoming/eu/a.csv.done") is None
    assert found.marked_by("acme/incoming/.done") is None
    assert found.marked_by("acme/incoming/a.csv") is None
    assert found.marked_by("acme/elsewhere/a.csv.done") is None


def test_a_name_is_a_marker_only_beside_files_its_route_takes() -> None:
    marked = {"complete": "marker", "marker": "done_*", "pattern": "*.csv"}
    found = parse(toml(ROUTE | marked, ROUTE | {"project": "others", "pattern": "*"}))
    assert found.marked_by("acme/incoming/done_a.csv") == "acme/incoming/a.csv"
    assert found.marked_by("acme/incoming/done_a.txt") is None
    assert project(found, "acme/incoming/done_a.txt") == "others"
    assert project(found, "acme/incoming/a.csv") == "p"


@given(name=st.text(min_size=1).filter(lambda name: "/" not in name))
@settings(max_examples=50)
@pytest.mark.parametrize("marker", ["*.done", "done-*", "a*a", "*?"])
def test_a_marker_leads_back_to_its_file(marker: str, name: str) -> None:
    [route] = parse(with_route(complete="marker", marker=marker)).routes
    assert route.marked_by(route.marker_of(name)) == name
    assert route.marked_by(name) != name


def test_says_when_a_file_counts_as_whole() -> None:
    proof = parse(with_route(complete="proof"))
    assert "once Transfer says" in proof.explain("acme/incoming/a.csv")
    marker = parse(with_route(complete="marker", marker="*.done"))
    assert "once 'a.csv.done' lies beside it" in marker.explain("acme/incoming/a.csv")
    assert marker.explain("acme/incoming/a.csv.done") == (
        "'acme/incoming/a.csv.done' is ignored: the marker of 'acme/incoming/a.csv'"
    )


def test_explains_each_decision() -> None:
    found = parse("# ours\n" + with_route(pattern="*.csv"))
    assert found.explain("acme/incoming/eu/a.csv") == (
        "'acme/incoming/eu/a.csv' goes to project 'p': it is in 'acme/incoming' and fits '*.csv' "
        "(line 2); Quill is told at once; its story goes to 'acme/outgoing/eu/'"
    )
    assert found.explain("acme/misc/a.csv") == (
        "no route for 'acme/misc/a.csv' - routes cover 'acme/incoming'"
    )
    assert found.explain("acme/incoming/a.txt") == (
        "no route for 'acme/incoming/a.txt' - routes cover 'acme/incoming' for '*.csv'"
    )
    assert found.explain("watchdog.config") == "'watchdog.config' is ignored: the routes themselves"
    assert found.explain("acme/outgoing/a.story.txt").endswith("is ignored: a story")
    many = routes(*(f"c{number}" for number in range(8)))
    assert many.explain("x/y").endswith("'c0', 'c1', 'c2', 'c3', 'c4' and 3 more")


@pytest.mark.parametrize(
    ("changes", "line", "words"),
    [
        ({"project": "no spaces"}, 2, "1 to 64 of A-Z"),
        ({"project": "x" * 65}, 2, "no project name"),
        ({"project": ""}, 2, "no project name"),
        ({"directory": "/acme"}, 3, "slash - write 'acme'"),
        ({"directory": "acme/"}, 3, "slash - write 'acme'"),
        ({"directory": "a//b"}, 3, "empty segment - write 'a/b'"),
        ({"directory": ""}, 3, "names no folder"),
        ({"directory": "/"}, 3, "names no folder"),
        ({"directory": "a/../b"}, 3, "'.' or '..'"),
        ({"directory": "a*/b"}, 3, "inside the segment 'a*'"),
        ({"directory": "**"}, 3, "inside the segment '**'"),
        ({"stories": "out/../x"}, 4, "'.' or '..'"),
        ({"stories": "*/out"}, 4, "more '*' than the directory"),
        ({"stories": "acme/incoming"}, 4, "lies inside"),
        ({"stories": "acme/incoming/eu"}, 4, "lies inside"),
        ({"pattern": ""}, 5, "fits no file"),
        ({"pattern": "eu/*.csv"}, 5, "has a slash"),
        ({"patern": "*.csv"}, 5, "did you mean 'pattern'?"),
        ({"complete": "marker"}, 5, 'add marker = "*.done"'),
        ({"complete": "maybe"}, 5, "use 'close', 'proof' or 'marker'"),
        ({"marker": "*.done"}, 5, 'counts only with complete = "marker"'),
        ({"marker": "*.done", "complete": "proof"}, 5, "counts only with"),
        ({"complete": "marker", "marker": ".done"}, 6, "needs one '*'"),
        ({"complete": "marker", "marker": "*.*"}, 6, "needs one '*'"),
        ({"complete": "marker", "marker": ""}, 6, "needs one '*'"),
        ({"complete": "marker", "marker": "*"}, 6, "its own marker"),
        ({"complete": "marker", "marker": "done/*"}, 6, "has a slash"),
        ({"complete": "marker", "marker": "*.part"}, 6, "a temporary name"),
    ],
)
def test_a_wrong_route_is_refused_with_its_line(
    changes: dict[str, str], line: int, words: str
) -> None:
    [problem] = refused(with_route(**changes))
    assert words in problem
    assert problem.startswith(f"line {line}: ")


def test_a_control_character_in_a_marker_is_refused() -> None:
    text = with_route(complete="marker", marker="*.done").replace("'*.done'", '"*\\n"')
    assert "control character" in refused(text)[0]


@pytest.mark.parametrize("character", ["\\u0000", "\\n", "\\t", "\\u007f", "\\u0085"])
def test_control_characters_are_refused(character: str) -> None:
    text = with_route().replace("'acme/incoming'", f'"acme/{character}"')
    assert "control character" in refused(text)[0]


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    text = """# routes
    [[route]]
    project = "ok"  # [[route]]
    directory = 7
    stories = "out"

    [[route]]
    "project" = '''
[[route]]
project = "no"
'''
    direktory = "x"
    stories = ["a"]
    """
    assert refused(text) == [
        "line 4: directory 7 is no text - put it in quotes",
        "line 7: missing 'directory' - add directory = \"...\"",
        "line 8: project '[[route]]\\nproject = \"no\"\\n' is no project name - "
        "use 1 to 64 of A-Z a-z 0-9 . _ -",
        "line 12: unknown key 'direktory' - did you mean 'directory'?",
        "line 13: stories ['a'] is no text - put it in quotes",
    ]


def test_the_text_of_the_error_stays_readable() -> None:
    with pytest.raises(RoutesError, match=r"; and 90 more$") as caught:
        parse("[[route]]\nproject='p'\ndirectory='d'\n" * 100)
    assert len(caught.value.problems) == 100


def test_lines_are_right_with_windows_line_ends_and_inline_tables() -> None:
    assert refused(with_route(project="?").replace("\n", "\r\n"))[0].startswith("line 2: ")
    assert refused("# one\nroute = [{ project = 'p' }]")[0].startswith("line 2: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: no routes in it - add a [[route]]"),
        ("[[route]]\nproject = ", "line 2: not TOML: "),
        ("[[route]]\nproject = 'p'\nproject = 'q'\n", "line 3: not TOML: "),
        ("[[routes]]\n", "line 1: unknown 'routes' - did you mean [[route]]?"),
        ("\ntitle = 'x'\n", "line 2: unknown 'title' - only [[route]] is known"),
        ("\n[route]\nproject = 'p'\n", "line 2: 'route' is no list of tables - write [[route]]"),
        ("route = 7", "line 1: 'route' is no list of tables - write [[route]]"),
    ],
)
def test_a_wrong_file_is_refused(text: str, expected: str) -> None:
    assert refused(text)[0].startswith(expected)


def test_duplicates_are_refused() -> None:
    [problem] = refused(toml(ROUTE, ROUTE | {"project": "q"}))
    assert problem == (
        "line 8: directory 'acme/incoming' with pattern '*' is already on line 1 - take one out"
    )


@pytest.mark.parametrize(
    ("directory", "stories", "loops"),
    [
        ("*/incoming", "*/outgoing", False),
        ("*/incoming", "acme/incoming/x", True),
        ("*/*", "*/outgoing", True),
        ("acme/*", "acme/outgoing", True),
        ("acme/*", "stories/acme", False),
        ("*/incoming", "*/incoming", True),
        ("*/in", "out/*", True),
        ("acme/incoming", "acme", False),
        ("acme", "acme-stories", False),
    ],
)
def test_stories_inside_a_routes_directory_are_refused(
    directory: str, stories: str, loops: bool
) -> None:
    other = {"project": "other", "directory": "out/in", "stories": "elsewhere"}
    text = toml(ROUTE | {"directory": directory, "stories": stories}, other)
    if loops:
        assert "lies inside directory" in refused(text)[0]
    else:
        assert len(parse(text).routes) == 2


SEGMENT = st.sampled_from(["a", "b", "*"])
PATH = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)


@given(st.lists(PATH, min_size=1, max_size=8, unique=True), st.lists(SEGMENT, max_size=5))
@settings(max_examples=30)
def test_the_index_finds_what_trying_each_route_finds(
    directories: list[str], folders: list[str]
) -> None:
    def fits(directory: str) -> bool:
        own = directory.split("/")
        return len(own) <= len(folders) and all(
            o in ("*", f) for o, f in zip(own, folders, strict=False)
        )

    def rank(number: int) -> tuple[int, int, int]:
        own = directories[number].split("/")
        return (-sum(segment != "*" for segment in own), -len(own), number)

    fitting = [number for number, directory in enumerate(directories) if fits(directory)]
    expected = str(min(fitting, key=rank)) if fitting else None
    text = toml(
        *({"project": str(n), "directory": d, "stories": "s"} for n, d in enumerate(directories))
    )
    try:
        found = parse(text)
    except RoutesError:
        assert "*" in directories
        return
    assert project(found, "/".join([*folders, "x.csv"])) == expected


@given(st.text())
@settings(max_examples=30)
def test_any_text_is_read_or_refused(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        parse(text)
    except RoutesError as error:
        problems = error.problems
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in problems)


VALUES = st.text(alphabet="ab#[]='\"\n \\", max_size=8)


@given(st.lists(VALUES, min_size=1, max_size=4), st.booleans())
@settings(max_examples=30)
def test_lines_hold_whatever_the_strings_before_them_hold(values: list[str], multi: bool) -> None:
    def quoted(value: str) -> str:
        escaped = json.dumps(value)
        return f'""{escaped}""'.replace("\\n", "\n") if multi else escaped

    text = "".join(f"[[route]]\npattern = {quoted(v)} # '\n" for v in values) + "wrong = 1\n"
    tomllib.loads(text)
    line = text.count("\n")
    assert any(p.startswith(f"line {line}: unknown key 'wrong'") for p in refused(text))


def test_ten_thousand_routes_cost_a_lookup_no_more_than_ten() -> None:
    class Counting(str):
        looked = 0

        def __hash__(self) -> int:
            Counting.looked += 1
            return super().__hash__()

        def split(self, sep: Any = None, maxsplit: Any = -1) -> list[str]:
            return [Counting(part) for part in super().split(sep, maxsplit)]

    def looks(number: int) -> int:
        found = routes("*/incoming", *(f"c{n}/incoming" for n in range(number)))
        Counting.looked = 0
        assert project(found, Counting(f"c{number - 1}/incoming/a.csv")) == str(number)
        return Counting.looked

    assert looks(300) == looks(10) > 0
