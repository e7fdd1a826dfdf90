"""The folders a sweep has to list: those that routes cover, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from .routes import Routes
from .segments import ANY

Below = Callable[[str], list[str]]


def routed_folders(routes: Routes, below: Below, only: str = "") -> list[str]:
    """Prefixes of keys, sorted, none inside another; with `only`, what of them begins so.

    `below` gives the folders in a folder: it is asked where a route says `*`, so that of a bucket
    of many customers only `<customer>/incoming/` is listed and not their stories.
    """
    below = cache(below)
    found = {prefix for route in routes.routes for prefix in _expanded(route.segments, below)}
    return _merged(_narrowed(found, only))


def _expanded(segments: tuple[str, ...], below: Below) -> list[str]:
    # Sub-folders are included anyway.
    while segments and segments[-1] == ANY:
        segments = segments[:-1]
    prefixes = [""]
    for segment in segments:
        if segment == ANY:
            prefixes = [folder for prefix in prefixes for folder in below(prefix)]
        else:
            prefixes = [f"{prefix}{segment}/" for prefix in prefixes]
    return prefixes


def _narrowed(prefixes: Iterable[str], only: str) -> set[str]:
    return {
        max(prefix, only)
        for prefix in prefixes
        if prefix.startswith(only) or only.startswith(prefix)
    }


def _merged(prefixes: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for prefix in sorted(prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept
