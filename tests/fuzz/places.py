"""Where a path leads, for the model: by AWS's rules, not by the code they are compared with.

Transfer user guide, logical-dir-mappings. Where AWS is silent on a refusal's status code, several
are allowed: the model then says only that the operation fails.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

MISSING, DENIED, FAILED, UNSUPPORTED = 2, 3, 4, 8
ANY_FAILURE = (MISSING, DENIED, FAILED)
BUCKET = re.compile(r"[a-z0-9.-]{1,63}")
KEY_LIMIT = 1024  # bytes


class Refused(Exception):  # noqa: N818
    """The operation fails, with one of these status codes."""

    def __init__(self, *codes: int) -> None:
        super().__init__(f"status {' or '.join(map(str, codes))}")
        self.codes = frozenset(codes)


@dataclass(frozen=True)
class Root:
    """A user. PATH: `start` is `/bucket/home`, and all beyond it is forbidden.

    LOGICAL: `mappings` go from entry to `/bucket/prefix`; the entries in `files` are FILE ones.
    """

    name: str
    start: str
    mappings: Mapping[str, str] | None = None
    files: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """Where a path leads. `key` is None for a folder that only `/` or the mappings make.

    Fixed ones can be neither made nor removed; foreign ones are beyond the user's rights.
    """

    path: str
    key: str | None = None
    is_fixed: bool = False
    is_foreign: bool = False

    @property
    def inside(self) -> str:
        """What all keys inside this folder begin with."""
        return f"{self.key}/" if self.key else ""


def absolute(root: Root, path: str) -> str:
    """What REALPATH says."""
    if "\0" in path:
        raise Refused(MISSING)
    joined = posixpath.join(root.start, path)
    return posixpath.normpath("/" + joined.lstrip("/"))  # it would keep two slashes in front


def locate(root: Root, path: str) -> Place:
    """Find the place, or refuse a path that leads nowhere."""
    path = absolute(root, path)
    place = _by_path(root, path) if root.mappings is None else _by_mapping(root, path)
    if len(place.inside.encode()) > KEY_LIMIT:
        raise Refused(*ANY_FAILURE)
    return place


def mapped_inside(root: Root, path: str) -> dict[str, bool]:
    """Names that the mappings show in this folder; True for folders."""
    shown: dict[str, bool] = {}
    for entry in root.mappings or ():
        below = _below(path, entry)
        if below:
            name, *rest = below.split("/")
            shown[name] = shown.get(name, False) or bool(rest) or entry not in root.files
    return shown


def _by_path(root: Root, path: str) -> Place:
    if path == "/":
        return Place(path, is_fixed=True)
    _, bucket, *names = path.split("/")
    if not BUCKET.fullmatch(bucket):
        raise Refused(MISSING)
    is_home = _below(root.start, path) is not None
    return Place(path, "/".join(names), is_fixed=path == root.start, is_foreign=not is_home)


def _by_mapping(root: Root, path: str) -> Place:
    mappings = root.mappings or {}
    shows_more = bool(mapped_inside(root, path))
    covering = [entry for entry in mappings if _covers(root, entry, path)]
    if covering:
        entry = max(covering, key=len)
        below = _below(entry, path)
        key = "/".join(filter(None, [mappings[entry].split("/", 2)[2], below]))
        is_entry = not below and entry not in root.files
        return Place(path, key, is_fixed=is_entry or shows_more)
    if path == "/" or shows_more:
        return Place(path, is_fixed=True)
    raise Refused(MISSING)


def _covers(root: Root, entry: str, path: str) -> bool:
    return path == entry if entry in root.files else _below(entry, path) is not None


def _below(folder: str, path: str) -> str | None:
    """Give `path` as seen from `folder`: '' for the folder itself, None for what is not in it."""
    if path == folder:
        return ""
    inside = folder.rstrip("/") + "/"
    return path.removeprefix(inside) if path.startswith(inside) else None
