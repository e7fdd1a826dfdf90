"""What a person should see before routes are put in force: what changes, and what has no effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from sftp_watchdog.errors import Problem, RoutesError
from sftp_watchdog.route import Route
from sftp_watchdog.routes import Match, Routes, decode, parse

# Where a route stands in its file says nothing of what it does.
_PLACE = ("line", "order")


@dataclass(frozen=True)
class Move:
    """A file that would take another route; `words` tell it after the file's name."""

    key: str
    is_lost: bool
    words: str


@dataclass(frozen=True)
class Review:
    """All of it. `routes` is None where `problems` are, and then the rest is empty."""

    routes: Routes | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()


def review(content: bytes, stories: str, before: Routes | None, keys: Iterable[str]) -> Review:
    """Look at routes that may take the place of `before`; `keys` are files to try them on."""
    try:
        routes = checked(content, stories)
    except RoutesError as error:
        return Review(problems=error.problems)
    return Review(
        routes=routes,
        warnings=tuple(warnings(routes)),
        changes=tuple(changes(before, routes)),
        moves=tuple(moves(before, routes, keys)),
    )


def checked(content: bytes, stories: str) -> Routes:
    """The routes, read as the watchdog does; `stories` is the stack's StoriesPattern.

    Raises RoutesError for what the watchdog cannot use, and for stories that Quill may not write:
    such a route would never bring one.
    """
    routes = parse(decode(content))
    if found := list(_unwritable(routes, stories)):
        raise RoutesError(found)
    return routes


def warnings(routes: Routes) -> Iterator[str]:
    """Routes that no file ever takes, since one before them takes every file of the directory."""
    takes_all: dict[str, Route] = {}
    for route in routes.routes:
        if earlier := takes_all.get(route.directory):
            yield (
                f"line {route.line}: no file takes this route: the one on line {earlier.line} "
                f"takes every file in {route.directory!r} - put this one before it, or take it out"
            )
        elif not route.pattern.strip("*"):
            takes_all[route.directory] = route


def changes(before: Routes | None, after: Routes) -> Iterator[str]:
    """One line for each route that is new (`+`), goes (`-`) or does something else (`~`)."""
    old, new = _by_place(before), _by_place(after)
    for place, settings in new.items():
        if place not in old:
            yield f"+ {_told(settings)}"
        elif settings != old[place]:
            yield f"~ {_told(settings)}; was {_told(_difference(old[place], settings))}"
    yield from (f"- {_told(settings)}" for place, settings in old.items() if place not in new)
    common = [place for place in old if place in new]
    if common != [place for place in new if place in old]:
        yield "~ the order: of two routes that fit equally well the first is taken"


def moves(before: Routes | None, after: Routes, keys: Iterable[str]) -> list[Move]:
    """The files that go elsewhere; those that would have no route any more come first."""
    found = []
    for key in keys:
        was, now = before.find(key) if before else None, after.find(key)
        if was and not now:
            why = f"would have no route any more: {after.explain(key)}"
            found.append(Move(key, is_lost=True, words=f"was {was.project}, {why}"))
        elif now and (words := _elsewhere(was, now)):
            found.append(Move(key, is_lost=False, words=words))
    return sorted(found, key=lambda move: not move.is_lost)


def _elsewhere(was: Match | None, now: Match) -> str | None:
    """None when it goes where it went."""
    if was is None:
        return f"had no route, would be {now.project}"
    if was.project != now.project:
        return f"was {was.project}, would be {now.project}"
    if was.deliver_to != now.deliver_to:
        return f"stays {now.project}, its story would go to {now.deliver_to!r}"
    return None


def shortened(lines: Sequence[str], number: int) -> list[str]:
    """So many lines, and how many more there are."""
    more = len(lines) - number
    return [*lines[:number], *([f"and {more} more"] if more > 0 else [])]


def _unwritable(routes: Routes, pattern: str) -> Iterator[Problem]:
    # IAM's `*` and `?` are fnmatch's, its brackets are not special.
    plain = re.sub(r"\[", "[[]", pattern)
    for route in routes.routes:
        if not fnmatchcase(f"{route.stories}/x", plain):
            yield Problem(
                route.line,
                f"Quill may not write stories to {route.stories!r} - name a folder that fits the "
                f"stack's StoriesPattern {pattern!r}, or change that",
            )


def _by_place(routes: Routes | None) -> dict[tuple[str, str], dict[str, Any]]:
    """What each route does, as far as it says; no two have the same directory and pattern."""
    return {
        (route.directory, route.pattern): {
            key: value for key, value in asdict(route).items() if key not in _PLACE and value
        }
        for route in (routes.routes if routes else ())
    }


def _difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in old.items() if value != new.get(key)}


def _told(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value!r}" for key, value in settings.items())
