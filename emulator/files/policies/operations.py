"""Which S3 calls an SFTP operation cannot do without.

The session makes more: it looks whether a name is free, or what a key is, with the rights the user
has. Those calls may fail; these may not. (What AWS says of it: Transfer Family user guide,
users-policies-session and configure-storage.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emulator.files.location import Home, Location

Operation = Literal["put", "get", "list", "stat", "delete", "rename", "mkdir", "rmdir"]


@dataclass(frozen=True)
class Call:
    """One S3 call by botocore's name, with the parameters that IAM looks at."""

    name: str
    parameters: Mapping[str, Any]


def calls(
    operation: Operation, home: Home, location: Location, goal: Location | None = None
) -> tuple[Call, ...]:
    """The calls in the order they are made; `goal` is where a rename leads.

    Folders that only mappings make are listed without asking S3; `/` of a PATH home has buckets.
    """
    if operation == "rename":
        return _rename(location, goal or location)
    if operation == "list" and location.bucket is None:
        return () if home.children(location.path) else (Call("ListBuckets", {}),)
    return _CALLS[operation](location)


def _put(location: Location) -> tuple[Call, ...]:
    return (_on(location, "PutObject"),)


def _get(location: Location) -> tuple[Call, ...]:
    return (_on(location, "GetObject"),)


def _list(location: Location) -> tuple[Call, ...]:
    return (_inside(location, Delimiter="/"),)


def _stat(location: Location) -> tuple[Call, ...]:
    return () if location.is_fixed else (_on(location, "HeadObject"),)


def _delete(location: Location) -> tuple[Call, ...]:
    return (_on(location, "DeleteObject"),)


def _mkdir(location: Location) -> tuple[Call, ...]:
    return (_on(location, "PutObject", location.prefix),)


def _rmdir(location: Location) -> tuple[Call, ...]:
    return _inside(location, MaxKeys=2), _on(location, "DeleteObject", location.prefix)


def _rename(source: Location, goal: Location) -> tuple[Call, ...]:
    origin = {"Bucket": source.bucket, "Key": source.key}
    to = {"Bucket": goal.bucket, "Key": goal.key, "CopySource": origin, "IfNoneMatch": "*"}
    return _on(source, "HeadObject"), Call("CopyObject", to), _on(source, "DeleteObject")


def _on(location: Location, name: str, key: str | None = None) -> Call:
    return Call(name, {"Bucket": location.bucket, "Key": location.key if key is None else key})


def _inside(location: Location, **parameters: Any) -> Call:
    return Call(
        "ListObjectsV2", {"Bucket": location.bucket, "Prefix": location.prefix, **parameters}
    )


_CALLS: dict[str, Callable[[Location], tuple[Call, ...]]] = {
    "put": _put,
    "get": _get,
    "list": _list,
    "stat": _stat,
    "delete": _delete,
    "mkdir": _mkdir,
    "rmdir": _rmdir,
}
