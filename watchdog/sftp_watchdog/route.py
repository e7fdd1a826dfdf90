"""One `[[route]]` of `watchdog.config`: what it holds, and what may be wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal
from unicodedata import category

from .names import TEMPORARY_SUFFIXES
from .segments import ANY, path_problem

_PROJECT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REQUIRED = ("project", "directory", "stories")
_KNOWN = (*_REQUIRED, "pattern", "complete", "marker")


@dataclass(frozen=True)
class Route:
    """Files in `directory` (and below) whose name fits `pattern` are for `project`.

    `complete` says when one counts as whole; `marker`, such as `*.done`, is how a file's marker is
    called, `*` standing for the file's name. `line` is where its table begins in `watchdog.config`,
    `order` its place among the routes.
    """

    project: str
    directory: str
    stories: str
    pattern: str = "*"
    complete: Literal["close", "proof", "marker"] = "close"
    marker: str = ""
    line: int = 1
    order: int = 0

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """`acme/incoming` as `("acme", "incoming")`."""
        return tuple(self.directory.split("/"))

    @cached_property
    def rank(self) -> tuple[int, int, int]:
        """The least wins: most literal segments, then most segments, then first in the file."""
        literal = sum(segment != ANY for segment in self.segments)
        return (-literal, -len(self.segments), self.order)

    def marker_of(self, name: str) -> str:
        """The name of a file's marker: `a.csv` has `a.csv.done`."""
        return self.marker.replace("*", name)

    def marked_by(self, name: str) -> str | None:
        """The name of the file that `name` is the marker of; None when it is no marker's name."""
        before, star, after = self.marker.partition("*")
        if not star or not name.startswith(before) or not name.endswith(after):
            return None
        return name[len(before) : len(name) - len(after)] or None

    def deliver_to(self, folders: list[str]) -> str:
        """Where the stories of a file in `folders` go, with a `/` at the end."""
        matched = (
            folder for folder, own in zip(folders, self.segments, strict=False) if own == ANY
        )
        stories = [next(matched) if own == ANY else own for own in self.stories.split("/")]
        return "/".join([*stories, *folders[len(self.segments) :], ""])


def problems(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything wrong with one route by itself, as (key, what is wrong and what to do)."""
    yield from ((key, _unknown(key)) for key in table if key not in _KNOWN)
    yield from (
        (key, f'missing {key!r} - add {key} = "..."') for key in _REQUIRED if key not in table
    )
    for key, check in _CHECKS.items():
        if key in table and (problem := _problem(table[key], check)):
            yield key, f"{key} {table[key]!r} {problem}"
    if _stars(table.get("stories")) > _stars(table.get("directory")):
        problem = "has more '*' than the directory - each one repeats a segment matched there"
        yield "stories", f"stories {table['stories']!r} {problem}"
    yield from _marker_problems(table)


def _unknown(key: str) -> str:
    close = get_close_matches(key, _KNOWN, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"use {', '.join(_KNOWN)}"
    return f"unknown key {key!r} - {hint}"


def _problem(value: object, check: Callable[[str], str | None]) -> str | None:
    return check(value) if isinstance(value, str) else "is no text - put it in quotes"


def _stars(path: object) -> int:
    return path.split("/").count(ANY) if isinstance(path, str) else 0


def _project(value: str) -> str | None:
    if value in (".", ".."):
        return "would lead to another address at Quill - name a project"
    if _PROJECT.fullmatch(value):
        return None
    return "is no project name - use 1 to 64 of A-Z a-z 0-9 . _ -"


def _pattern(value: str) -> str | None:
    if not value:
        return "fits no file - leave it out for every file, or write one such as '*.csv'"
    if "/" in value:
        return "has a slash - it is for the file name only: put folders into 'directory'"
    if any(category(character) == "Cc" for character in value):
        return "holds a control character - take it out"
    return None


def _complete(value: str) -> str | None:
    if value in ("close", "proof", "marker"):
        return None
    return "is unknown - use 'close', 'proof' or 'marker'"


def _marker(value: str) -> str | None:
    if "/" in value:
        return "has a slash - a marker lies beside its file: write a name such as '*.done'"
    if any(category(character) == "Cc" for character in value):
        return "holds a control character - take it out"
    if value.count("*") != 1:
        return "needs one '*', which stands for the file's name - write one such as '*.done'"
    if value == "*":
        return "makes each file its own marker - add to it, as in '*.done'"
    if value.endswith(TEMPORARY_SUFFIXES):
        return "is a temporary name, which says that a file is not whole - write '*.done'"
    return None


def _marker_problems(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    wants = table.get("complete") == "marker"
    if wants and "marker" not in table:
        yield "complete", "complete 'marker' needs to know its name - add marker = \"*.done\""
    if not wants and "marker" in table:
        problem = 'counts only with complete = "marker" - add that, or take the marker out'
        yield "marker", f"marker {table['marker']!r} {problem}"


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "project": _project,
    "directory": path_problem,
    "pattern": _pattern,
    "stories": path_problem,
    "complete": _complete,
    "marker": _marker,
}
