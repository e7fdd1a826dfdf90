"""The versions of one object, as S3 has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from sftp_watchdog.events import Upload, of_version
from sftp_watchdog.versions import versions_of

from quillgate.errors import NoUploadError
from quillgate.operate.words import safe

_NEAR = 5
# S3's lists are XML 1.0, which has no way to write these.
_NOT_IN_LISTS = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Version:
    """One version, or a delete marker (`is_deletion`, of no size)."""

    key: str
    version_id: str
    moment: datetime
    size: int = 0
    etag: str = ""
    is_deletion: bool = False
    is_latest: bool = False

    def upload(self, bucket: str) -> Upload:
        """The upload it came from, with its id."""
        return of_version(
            bucket,
            {
                "Key": self.key,
                "VersionId": self.version_id,
                "LastModified": self.moment,
                "Size": self.size,
                "ETag": self.etag,
            },
        )


def upload_id(bucket: str, key: str, version_id: str) -> str:
    """The id of the upload that a version came from."""
    return Version(key, version_id, datetime.fromtimestamp(0, UTC)).upload(bucket).upload_id


def has(s3: Any, bucket: str, key: str, version_id: str | None) -> bool:
    """Whether S3 still has that version of `key`."""
    pages = _pages(s3, bucket, key)
    return any(each.version_id == (version_id or "null") for page in pages for each in page)


def newest(s3: Any, bucket: str, key: str) -> list[Version]:
    """The newest versions of `key`, at least 500 if there are as many; the newest comes first."""
    return _sorted(next(_pages(s3, bucket, key), []))


def every(s3: Any, bucket: str, key: str) -> list[Version]:
    """All versions of `key`; the newest comes first."""
    return _sorted([each for page in _pages(s3, bucket, key) for each in page])


def can_be_listed(key: str) -> bool:
    """Whether S3 can be asked for `key` at a low price: else an engine may try for a minute."""
    return not _NOT_IN_LISTS.search(key)


def none_of(s3: Any, bucket: str, key: str) -> NoUploadError:
    """That nobody ever uploaded `key`, and what there is near it."""
    if not can_be_listed(key):
        advice = "it holds characters that no keyboard types: type the name anew"
        return NoUploadError("no upload", safe(key), advice)
    folder = key[: key.rfind("/") + 1]
    page = s3.list_objects_v2(Bucket=bucket, Prefix=folder)
    keys = [each["Key"] for each in page.get("Contents", []) if not each["Key"].endswith("/")]
    near = get_close_matches(key, keys, n=_NEAR, cutoff=0.5) or keys[:_NEAR]
    if near:
        return NoUploadError("no upload", safe(key), f"near it: {', '.join(map(repr, near))}")
    return NoUploadError("no upload", safe(key), f"nothing is in {folder!r} of {bucket}")


def no_version(found: Sequence[Version], version_id: str) -> NoUploadError:
    """That a key has no such version, and which ones it has."""
    names = ", ".join(each.version_id for each in found[:_NEAR])
    return NoUploadError("no such version", safe(version_id), f"its versions: {names}")


def _pages(s3: Any, bucket: str, key: str) -> Iterator[list[Version]]:
    for page in versions_of(s3, bucket, key):
        yield [_version(each) for each in page]


def _version(found: Mapping[str, Any]) -> Version:
    return Version(
        key=found["Key"],
        version_id=found["VersionId"],
        moment=found["LastModified"],
        size=found.get("Size", 0),
        etag=found.get("ETag", "").strip('"'),
        is_deletion="ETag" not in found,
        is_latest=found.get("IsLatest", True),
    )


def _sorted(versions: list[Version]) -> list[Version]:
    # S3's times are whole seconds, and of those of one second it has the newest first.
    return sorted(versions, key=lambda each: (each.moment, each.is_latest), reverse=True)
