"""The routes of `watchdog.config`: the one parser of that file, and which upload takes which route.

[[route]]
project   = "acme-sales"
directory = "acme/incoming"
pattern   = "*.csv"
stories   = "acme/outgoing"
complete  = "marker"
marker    = "*.done"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .errors import Problem, RoutesError
from .names import STORY_SUFFIX, why_never_routed
from .route import Route, problems
from .segments import SegmentIndex
from .toml_lines import Lines, Table, scan

# Far more than anybody's routes; what is larger is some other file.
MAX_BYTES = 2_000_000


@dataclass(frozen=True)
class Match:
    """The route a key takes; `deliver_to` ends with `/` and carries the sub-folders."""

    route: Route
    project: str
    deliver_to: str


class Finding(NamedTuple):
    """What is wrong with the `order`-th route, in which key."""

    order: int
    key: str
    text: str


class Routes:
    """Routes that were checked (by `parse`), indexed: a look-up costs the key's depth."""

    def __init__(self, routes: list[Route]) -> None:
        self.routes = tuple(routes)
        self.ask_for_proof = any(route.complete == "proof" for route in routes)
        self._directories: SegmentIndex[Route] = SegmentIndex()
        self._stories: SegmentIndex[Route] = SegmentIndex()
        for route in routes:
            self._directories.add(route.segments, route)
            self._stories.add(route.stories.split("/"), route)

    def find(self, key: str) -> Match | None:
        """The route that `key` (decoded, as in S3) takes, if any."""
        if why_never_routed(key) or self.is_story(key) or self.marked_by(key):
            return None
        route = self._first(key)
        folders = key.split("/")[:-1]
        return Match(route, route.project, route.deliver_to(folders)) if route else None

    def knows(self, key: str) -> bool:
        """Whether the routes say anything of `key`: that one takes it, or what else it is."""
        return self.is_story(key) or bool(self.marked_by(key) or self.find(key))

    def is_story(self, key: str) -> bool:
        """Whether `key` is what Quill delivers: a story in a stories folder, or below one."""
        folder = key.split("/")[:-1]
        return key.endswith(STORY_SUFFIX) and any(True for _ in self._stories.above(folder))

    def marked_by(self, key: str) -> str | None:
        """The key of the file that `key` is the marker of, be it there or not; None: no marker."""
        folder, slash, name = key.rpartition("/")
        for route in self._around(key):
            file = route.marked_by(name)
            # Only of a file that the same route takes: elsewhere the name means nothing.
            if file and self._first(folder + slash + file) is route:
                return folder + slash + file
        return None

    def why_unrouted(self, key: str) -> str:
        """Why no route takes `key`, and what the routes do cover."""
        if nearest := next(self._around(key), None):
            directory = nearest.directory
            patterns = [route.pattern for route in self.routes if route.directory == directory]
            return f"no route for {key!r} - routes cover {directory!r} for {_few(patterns)}"
        directories = list(dict.fromkeys(route.directory for route in self.routes))
        return f"no route for {key!r} - routes cover {_few(directories)}"

    def explain(self, key: str) -> str:
        """One sentence: what becomes of an upload of `key`, and why."""
        if why := why_never_routed(key):
            return f"{key!r} is ignored: {why}"
        if self.is_story(key):
            return f"{key!r} is ignored: a story"
        if file := self.marked_by(key):
            return f"{key!r} is ignored: the marker of {file!r}"
        if not (match := self.find(key)):
            return self.why_unrouted(key)
        route = match.route
        return (
            f"{key!r} goes to project {match.project!r}: it is in {route.directory!r} and fits "
            f"{route.pattern!r} (line {route.line}); {_when_told(route, key)}; "
            f"its story goes to {match.deliver_to!r}"
        )

    def loops(self) -> Iterator[Finding]:
        """Stories inside a route's directory would come back as uploads."""
        for stories, route in {route.stories: route for route in reversed(self.routes)}.items():
            inside = self._directories.above_pattern(stories.split("/"))
            if other := next(inside, None):
                yield Finding(
                    route.order,
                    "stories",
                    f"stories {stories!r} lies inside directory {other.directory!r} of the route "
                    f"on line {other.line} - name a folder that no route covers",
                )

    def _first(self, key: str) -> Route | None:
        """The route for a file of this name, whatever else the name may mean."""
        name = key.rpartition("/")[2]
        fitting = (route for route in self._around(key) if fnmatchcase(name, route.pattern))
        return min(fitting, key=lambda route: route.rank, default=None)

    def _around(self, key: str) -> Iterator[Route]:
        return self._directories.above(key.split("/")[:-1])


def decode(content: bytes) -> str:
    """The text of `watchdog.config` as it is stored; RoutesError if it is too large or no UTF-8."""
    if len(content) > MAX_BYTES:
        raise RoutesError([Problem(1, f"more than {MAX_BYTES:,} bytes - store routes only")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        text = f"not UTF-8: byte {error.object[error.start]:#04x} - save it as UTF-8"
        raise RoutesError([Problem(line, text)]) from error


def parse(text: str) -> Routes:
    """Read the text of `watchdog.config`; RoutesError tells every problem with its line."""
    tables, lines = _tables(text)
    places = lines.named("route", len(tables))
    _refuse(
        (Finding(n, *problem) for n, table in enumerate(tables) for problem in problems(table)),
        places,
    )
    routes = Routes(
        [Route(**table, line=places[n].line, order=n) for n, table in enumerate(tables)]
    )
    _refuse([*_duplicates(routes.routes), *routes.loops()], places)
    return routes


def _when_told(route: Route, key: str) -> str:
    if route.complete == "proof":
        return "Quill is told once Transfer says that the upload completed"
    if route.complete == "marker":
        return f"Quill is told once {route.marker_of(key.rpartition('/')[2])!r} lies beside it"
    return "Quill is told at once"


def _refuse(findings: Iterable[Finding], places: list[Table]) -> None:
    found = [Problem(places[each.order].line_of(each.key), each.text) for each in findings]
    if found:
        raise RoutesError(found)


def _tables(text: str) -> tuple[list[dict[str, Any]], Lines]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise RoutesError([Problem(line, f"not TOML: {error} - correct it")]) from error
    lines = scan(text)
    tables = document.pop("route", [])
    if document:
        raise RoutesError([Problem(lines.named(key)[0].line, _unknown(key)) for key in document])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        line = lines.named("route")[0].line
        raise RoutesError([Problem(line, "'route' is no list of tables - write [[route]]")])
    if not tables:
        raise RoutesError([Problem(1, "no routes in it - add a [[route]]")])
    return tables, lines


def _unknown(key: str) -> str:
    hint = (
        "did you mean [[route]]?"
        if get_close_matches(key, ["route"])
        else "only [[route]] is known"
    )
    return f"unknown {key!r} - {hint}"


def _duplicates(routes: tuple[Route, ...]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Route] = {}
    for route in routes:
        earlier = first.setdefault((route.directory, route.pattern), route)
        if earlier is not route:
            yield Finding(
                route.order,
                "directory",
                f"directory {route.directory!r} with pattern {route.pattern!r} is already on line "
                f"{earlier.line} - take one out",
            )


def _few(values: list[str]) -> str:
    shown = ", ".join(map(repr, values[:5]))
    return shown if len(values) <= 5 else f"{shown} and {len(values) - 5} more"
