"""What is in the bucket, version by version, folder by folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .errors import BucketError, http_status

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

# One of `Versions` in the answer to ListObjectVersions.
Version = Mapping[str, Any]


@dataclass(frozen=True)
class Cursor:
    """Where a listing goes on: after this version, or after all of the key without one."""

    key: str
    version_id: str = ""


@dataclass(frozen=True)
class Page:
    """Up to 1,000 versions and delete markers, of which the versions; `next` is None at the end."""

    versions: list[Version]
    next: Cursor | None


class Versions:
    """The versions in `bucket`. Every method may raise BucketError.

    `requests` counts the listings, which are what a sweep of a large bucket costs; `passed_over`
    the objects that neither the engine could list nor the caller read.
    """

    def __init__(self, s3: S3Client, bucket: str) -> None:
        # The arguments of these calls are put together, which boto3's types do not allow for.
        self._s3: Any = s3
        self.bucket = bucket
        self.requests = 0
        self.passed_over = 0

    def pages(self, folders: list[str], after: Cursor | None = None) -> Iterator[Page]:
        """Every version in `folders`, which are sorted and do not overlap, from `after` on."""
        left = [each for each in folders if not after or _is_ahead(each, after)]
        for folder, following in zip_longest(left, left[1:]):
            # A folder's own name is no upload: what follows it is all of the folder.
            end = Cursor(following) if following else None
            yield from self._folder(folder, after, end)

    def below(self, prefix: str) -> list[str]:
        """The folders in the folder `prefix`, which ends with `/` or is ""; also deleted ones."""
        request: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix, "Delimiter": "/"}
        found: set[str] = set()
        for operation in ("list_object_versions", "list_objects_v2"):
            with self._errors():
                try:
                    for page in self._s3.get_paginator(operation).paginate(**request):
                        self.requests += 1
                        found |= {each["Prefix"] for each in page.get("CommonPrefixes", ())}
                    return sorted(found)
                except ClientError as error:
                    if not is_engines_fault(error) or operation == "list_objects_v2":
                        raise
        return sorted(found)

    def _folder(self, folder: str, after: Cursor | None, end: Cursor | None) -> Iterator[Page]:
        at = after if after and after.key.startswith(folder) else None
        while True:
            with self._errors():
                page = self._page(folder, at)
            at = page.next
            yield page if at else Page(page.versions, end)
            if at is None:
                return

    def _page(self, folder: str, at: Cursor | None) -> Page:
        try:
            return self._listed(folder, at)
        except ClientError as error:
            if not is_engines_fault(error):
                raise
            return self._page_one_by_one(folder, at)

    def _listed(self, prefix: str, at: Cursor | None) -> Page:
        self.requests += 1
        request = {"Bucket": self.bucket, "Prefix": prefix}
        if at:
            request["KeyMarker"] = at.key
        if at and at.version_id:
            request["VersionIdMarker"] = at.version_id
        answer = self._s3.list_object_versions(**request)
        following = None
        if answer["IsTruncated"]:
            following = Cursor(answer["NextKeyMarker"], answer.get("NextVersionIdMarker") or "")
        return Page(answer.get("Versions", []), following)

    def _page_one_by_one(self, folder: str, at: Cursor | None) -> Page:
        """A page with a name that makes the engine fail, object by object; not the deleted ones."""
        self.requests += 1
        request = {"Bucket": self.bucket, "Prefix": folder}
        if at:
            request["StartAfter"] = at.key
        answer = self._s3.list_objects_v2(**request)
        keys = [at.key] if at and at.version_id else []
        keys += [each["Key"] for each in answer.get("Contents", ())]
        versions = [version for key in keys for version in self._versions_of(key)]
        return Page(versions, Cursor(keys[-1]) if answer["IsTruncated"] else None)

    def _versions_of(self, key: str) -> list[Version]:
        """The versions of one object; the latest alone where the engine cannot list them."""
        found: list[Version] = []
        at: Cursor | None = None
        try:
            # Other keys that begin so come after it.
            while at is None or at.key == key:
                page = self._listed(key, at)
                found += [version for version in page.versions if version["Key"] == key]
                if page.next is None:
                    break
                at = page.next
        except ClientError as error:
            if not is_engines_fault(error):
                raise
            return self._latest_of(key)
        return found

    def _latest_of(self, key: str) -> list[Version]:
        """The latest version, for those who may read it: who may not goes on with the others."""
        try:
            found = latest_of(self._s3, self.bucket, key)
        except ClientError as error:
            if http_status(error) != 403:
                raise
            found = None
        self.passed_over += found is None
        return [found] if found else []

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise BucketError(
                f"bucket cannot be listed: {self.bucket!r}: {error} - let the sweep list versions"
            ) from error


def _is_ahead(folder: str, cursor: Cursor) -> bool:
    """Whether something of the folder is after the cursor: S3's order is that of UTF-8."""
    return cursor.key.startswith(folder) or folder > cursor.key


def is_engines_fault(error: ClientError) -> bool:
    """Whether a listing may have failed at a name.

    XML has no control characters: an engine that writes them as they are cannot answer.
    """
    return http_status(error) == 500


def versions_of(s3: Any, bucket: str, key: str) -> Iterator[list[Version]]:
    """The versions and delete markers of `key`, a page to a request; what has an ETag is no marker.

    The latest version alone where the engine cannot list them. Raises ClientError.
    """
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            yield [each for each in found if each["Key"] == key]
            # Longer keys follow.
            if any(each["Key"] != key for each in found):
                return
    except ClientError as error:
        if not is_engines_fault(error):
            raise
        if latest := latest_of(s3, bucket, key):
            yield [latest]


def latest_of(s3: Any, bucket: str, key: str) -> Version | None:
    """The latest version of `key`, where the engine cannot list it; None when there is none."""
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if http_status(error) == 404:
            return None
        raise
    return {"VersionId": None, **head, "Key": key, "Size": head["ContentLength"]}
