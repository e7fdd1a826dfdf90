"""What there is after a run: the bucket's versions, Quill's items, the ledger's entries, queues."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.chaos.messages import versions
from tests.chaos.site import Site

_READERS = 8


@dataclass(frozen=True)
class Version:
    """One stored version: `size` in bytes, `sha256` of its bytes."""

    key: str
    version_id: str
    size: int
    sha256: str

    @property
    def id(self) -> tuple[str, str]:
        """What an item and an entry call it."""
        return self.key, self.version_id


@dataclass(frozen=True)
class Books:
    """A look at everything that keeps something; items and entries as they are kept (JSON)."""

    homes: tuple[str, ...]
    versions: tuple[Version, ...]
    items: tuple[dict[str, Any], ...]
    entries: tuple[dict[str, Any], ...]
    queued: int
    dead: int


def look(site: Site) -> Books:
    """Read everything about the users of the run; nothing of anybody else."""
    homes = tuple(user.home for user in site.users)
    s3 = site.environment.client("s3", max_pool_connections=_READERS)
    return Books(
        homes=homes,
        versions=tuple(_stored(s3, site.environment.bucket, homes)),
        items=tuple(
            item for user in site.users for item in site.quill.notifications(project=user.name)
        ),
        entries=tuple(_entries(s3, site.environment.ledger_bucket, homes)),
        queued=site.queued(site.environment.queue_url),
        dead=site.queued(site.environment.dead_letter_queue_url),
    )


def _stored(s3: Any, bucket: str, homes: Iterable[str]) -> Iterable[Version]:
    listed = [each for home in homes for each in versions(s3, bucket, f"{home}/")]

    def read(each: Any) -> Version:
        key, version_id = each["Key"], each["VersionId"]
        content = s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"].read()
        return Version(key, version_id, len(content), hashlib.sha256(content).hexdigest())

    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(read, listed))


def _entries(s3: Any, bucket: str, homes: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="entries/")
    names = [each["Key"] for page in pages for each in page.get("Contents", [])]

    def read(name: str) -> dict[str, Any]:
        return dict(json.loads(s3.get_object(Bucket=bucket, Key=name)["Body"].read()))

    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(read, names))
    return [entry for entry in found if entry["key"].partition("/")[0] in homes]
