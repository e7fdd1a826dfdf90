"""What a person should see before routes are put in force: what changes, and what has no effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sftp_watchdog.route import Route
from sftp_watchdog.routes import Routes

# Where a route stands in its file says nothing of what it does.
_PLACE = ("line", "order")


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


def _by_place(routes: Routes | None) -> dict[tuple[str, str], dict[str, Any]]:
    """What each route does; no two have the same directory and pattern."""
    return {
        (route.directory, route.pattern): {
            key: value for key, value in asdict(route).items() if key not in _PLACE
        }
        for route in (routes.routes if routes else ())
    }


def _difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in old.items() if value != new.get(key)}


def _told(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value!r}" for key, value in settings.items())
