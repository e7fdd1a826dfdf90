"""What lies in a folder: S3's keys and common prefixes as one run of names, page by page."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from emulator.files.errors import NoSuchFile, s3_errors
from emulator.files.location import Location

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2OutputTypeDef


@dataclass(frozen=True)
class Entry:
    """A name in a folder. `size` in bytes, `modified` in seconds since the epoch; 0 for folders."""

    name: str
    is_folder: bool
    size: int = 0
    modified: float = 0

    @property
    def mode(self) -> int:
        """The `st_mode` that clients are told; its permissions decide nothing."""
        return (stat.S_IFDIR if self.is_folder else stat.S_IFREG) | 0o744


Page = list[Entry]
T = TypeVar("T")


def pages(
    s3: S3Client, location: Location, mapped: Mapping[str, bool], workers: Executor
) -> Iterator[Page]:
    """Yield the folder's entries; `mapped` names come first and hide S3's. NoSuchFile if none."""
    yield [Entry(name, is_folder) for name, is_folder in sorted(mapped.items())]
    if location.bucket is None:
        if not mapped:
            yield _buckets(s3)
        return
    exists = location.is_fixed
    merge = _Merge(location.prefix)
    for answer in _ahead(_answers(s3, location.bucket, location.prefix), workers):
        exists = exists or bool(answer.get("KeyCount"))
        if not exists:
            raise NoSuchFile
        yield [entry for entry in merge.entries(answer) if entry.name not in mapped]


def _ahead(answers: Iterator[T], workers: Executor) -> Iterator[T]:
    """Have a worker ask for the next page while the one at hand is told to the client."""
    coming = workers.submit(next, answers, None)
    while (answer := coming.result()) is not None:
        coming = workers.submit(next, answers, None)
        yield answer


def _answers(s3: S3Client, bucket: str, prefix: str) -> Iterator[ListObjectsV2OutputTypeDef]:
    paginator = s3.get_paginator("list_objects_v2")
    with s3_errors():
        yield from paginator.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")


def _buckets(s3: S3Client) -> Page:
    with s3_errors():
        return [Entry(bucket["Name"], is_folder=True) for bucket in s3.list_buckets()["Buckets"]]


class _Merge:
    """S3 may hold both `a` and `a/x`; a client can only see one `a`: the file, as in `stat`.

    Keys come in order, so a file that hides a folder is the beginning of the folder's name: those
    few are all there is to remember, however long the listing.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._beginnings: list[str] = []

    def entries(self, answer: ListObjectsV2OutputTypeDef) -> Iterator[Entry]:
        found = [
            self._file(item["Key"], item["Size"], item["LastModified"].timestamp())
            for item in answer.get("Contents", [])
        ]
        found += [self._folder(item["Prefix"]) for item in answer.get("CommonPrefixes", [])]
        for key, entry in sorted(found, key=lambda pair: pair[0]):
            self._beginnings = [name for name in self._beginnings if key.startswith(name)]
            if entry.name in ("", ".", "..") or entry.name in self._beginnings:
                continue
            if not entry.is_folder:
                self._beginnings.append(entry.name)
            yield entry

    def _file(self, key: str, size: int, modified: float) -> tuple[str, Entry]:
        name = key.removeprefix(self._prefix)
        return name, Entry(name, is_folder=False, size=size, modified=modified)

    def _folder(self, prefix: str) -> tuple[str, Entry]:
        name = prefix.removeprefix(self._prefix)
        return name, Entry(name.removesuffix("/"), is_folder=True)
