"""Where a client's path leads: `/reports/../q3.csv` -> bucket and key, never out of the home.

PATH: the client sees `/bucket/prefix/...`, starts in its home and may walk up to `/`; what it may
see there is IAM's to decide. LOGICAL: only what the mappings show exists at all.
(AWS Transfer Family user guide, logical-dir-mappings.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.files.errors import FileError, NoSuchFile
from emulator.files.policy import with_user_name
from emulator.transfer.model import HomeMapping, User

_BUCKET = re.compile(r"[a-z0-9.-]{1,63}")  # S3 user guide, "Bucket naming rules"
KEY_LIMIT = 1024  # bytes of UTF-8, S3 user guide, "Naming Amazon S3 objects"


@dataclass(frozen=True)
class Location:
    """One client path. `bucket` is None for a folder that only `/` or the mappings make.

    `key` has no slash at either end; empty means the bucket's root. `is_fixed` marks folders
    that exist even when S3 holds nothing below them: `/`, the home, the mapped entries.
    """

    path: str
    bucket: str | None = None
    key: str = ""
    is_fixed: bool = False

    @property
    def prefix(self) -> str:
        """What every key inside this folder starts with."""
        return f"{self.key}/" if self.key else ""

    @property
    def is_no_file(self) -> bool:
        """Whether no object can stand here: `/`, a bucket, or a folder that the home makes."""
        return not self.key or self.is_fixed

    def check_folder_name(self) -> None:
        """Raise FileError when the marker, a byte longer than a file's key, is too long."""
        _check_length(self.prefix, self.path)

    @property
    def target(self) -> str:
        """`/bucket/key`, the way Transfer names files in its logs and events."""
        return f"/{self.bucket}/{self.key}" if self.bucket else self.path


@dataclass(frozen=True)
class Home:
    """A user's root: the folder it starts in and, when LOGICAL, the mappings it sees."""

    start: str
    mappings: tuple[HomeMapping, ...] | None = None

    @classmethod
    def of(cls, user: User) -> Home:
        """Read the home from the user as the control plane stores it."""
        start = normalised(user.home_directory or "/")
        if user.home_directory_type == "PATH":
            return cls(start)
        return cls(start, tuple(_clean(mapping, user.name) for mapping in user.home_mappings))

    def absolute(self, path: str) -> str:
        """Answer REALPATH: relative paths start in the home."""
        return normalised(path, self.start)

    def locate(self, path: str) -> Location:
        """Find what the path stands for; NoSuchFile outside the mappings."""
        path = self.absolute(path)
        location = self._by_path(path) if self.mappings is None else self._by_mapping(path)
        _check_length(location.key, path)
        return location

    def children(self, path: str) -> dict[str, bool]:
        """Names that mappings add to the folder `path`, each with whether it is a folder."""
        inside = path.rstrip("/") + "/"
        names: dict[str, bool] = {}
        for mapping in self.mappings or ():
            if mapping.entry.startswith(inside) and mapping.entry != inside:
                name, _, rest = mapping.entry.removeprefix(inside).partition("/")
                names[name] = names.get(name, False) or bool(rest) or mapping.type != "FILE"
        return names

    def _by_path(self, path: str) -> Location:
        bucket, _, key = path[1:].partition("/")
        if bucket and not _BUCKET.fullmatch(bucket):
            # Not asked of S3: its client would take an ARN for a host to connect to.
            raise NoSuchFile
        return Location(path, bucket or None, key, is_fixed=path in ("/", self.start))

    def _by_mapping(self, path: str) -> Location:
        covering = [mapping for mapping in self.mappings or () if _covers(mapping, path)]
        if not covering:
            if path == "/" or self.children(path):
                return Location(path, is_fixed=True)
            raise NoSuchFile
        mapping = max(covering, key=lambda each: len(each.entry))
        rest = path.removeprefix(mapping.entry).strip("/")
        bucket, _, key = f"{mapping.target}/{rest}".strip("/").partition("/")
        is_folder_entry = not rest and mapping.type != "FILE"
        return Location(path, bucket, key, is_folder_entry or bool(self.children(path)))


def normalised(path: str, start: str = "/") -> str:
    """Resolve `.`, `..`, `//` and a trailing slash; `..` at the top stays at the top."""
    if "\0" in path:
        raise NoSuchFile
    names: list[str] = []
    for name in (path if path.startswith("/") else f"{start}/{path}").split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    return "/" + "/".join(names)


def _check_length(key: str, path: str) -> None:
    if len(key.encode()) > KEY_LIMIT:
        raise FileError(f"name too long: '{path[:40]}...' - S3 keys end at {KEY_LIMIT} bytes")


def _clean(mapping: HomeMapping, user_name: str) -> HomeMapping:
    target = normalised(with_user_name(mapping.target, user_name))
    return HomeMapping(normalised(mapping.entry), target, mapping.type)


def _covers(mapping: HomeMapping, path: str) -> bool:
    if mapping.type == "FILE":
        return path == mapping.entry
    return path == mapping.entry or path.startswith(mapping.entry.rstrip("/") + "/")
