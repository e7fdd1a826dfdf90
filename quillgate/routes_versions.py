"""The versions of `watchdog.config`: who put what in force, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sftp_watchdog.errors import RoutesError
from sftp_watchdog.names import CONFIG_KEY
from sftp_watchdog.routes import Routes, decode, parse

from quillgate.errors import ConfigError
from quillgate.routes_review import changes
from quillgate.routes_store import RoutesStore, Stored

_AT_ONCE = 16
_COMPARED = 200_000  # bytes: a second's work for a page of them
_LOOKED_BACK = 1000  # versions: what S3 lists at once


@dataclass(frozen=True)
class Version:
    """One version, or that they were deleted (`is_deletion`, of no size); `size` is in bytes.

    `pushed_by` is None when it was written without a push, as by the first deploy. `changes` says
    what would change if it was put back; `problem` why it cannot be, or is not looked into here.
    """

    version_id: str
    moment: datetime
    size: int = 0
    is_deletion: bool = False
    is_latest: bool = False
    pushed_by: str | None = None
    changes: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Page:
    """Versions, newest first; `next` leads to older ones, None at the end."""

    versions: tuple[Version, ...] = ()
    next: str | None = None


def page(store: RoutesStore, in_force: Routes | None, limit: int = 50, after: str = "") -> Page:
    """One listing, and one request for each version; `after` is a page's `next`."""
    answer = _listed(store, limit, after)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = tuple(pool.map(lambda each: _version(store, in_force, each), _own(answer)))
    has_more = answer["IsTruncated"] and answer.get("NextKeyMarker") == CONFIG_KEY
    return Page(found, answer.get("NextVersionIdMarker") if has_more else None)


def one_before(store: RoutesStore) -> Stored:
    """The newest version that says something else than what is in force.

    Raises ConfigError when there is none among the last thousand.
    """
    now = store.read()
    for each in _own(_listed(store, _LOOKED_BACK)):
        # Not by its ETag: of an encrypted object that is another one at each write.
        if "ETag" in each:
            stored = store.read_version(each["VersionId"])
            if not now or stored.content != now.content:
                return stored
    raise ConfigError("no earlier routes in", str(store), "push some: quillgate routes push FILE")


def _listed(store: RoutesStore, limit: int, after: str = "") -> Mapping[str, Any]:
    request = {"Bucket": store.bucket, "Prefix": CONFIG_KEY, "MaxKeys": limit}
    if after:
        request |= {"KeyMarker": CONFIG_KEY, "VersionIdMarker": after}
    answer: Mapping[str, Any] = store.target.client("s3").list_object_versions(**request)
    return answer


def _own(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Newest first; what has an ETag is no deletion. S3 lists longer names, too."""
    found = [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]
    # S3's times are whole seconds, and of those of one second it has the newest first.
    found.sort(key=lambda each: (each["LastModified"], each["IsLatest"]), reverse=True)
    return (each for each in found if each["Key"] == CONFIG_KEY)


def _version(store: RoutesStore, in_force: Routes | None, found: Mapping[str, Any]) -> Version:
    listed = Version(
        version_id=found["VersionId"],
        moment=found["LastModified"],
        size=found.get("Size", 0),
        is_deletion="ETag" not in found,
        is_latest=found["IsLatest"],
    )
    if listed.is_deletion:
        return listed
    try:
        stored = store.read_version(listed.version_id)
    except ConfigError:
        return replace(listed, problem="gone since it was listed")
    return replace(_compared(listed, stored, in_force), pushed_by=stored.pushed_by)


def _compared(version: Version, stored: Stored, in_force: Routes | None) -> Version:
    if version.size > _COMPARED:
        return replace(version, problem="too long to compare here")
    try:
        return replace(version, changes=tuple(changes(in_force, parse(decode(stored.content)))))
    except RoutesError:
        return replace(version, problem="cannot be used")
