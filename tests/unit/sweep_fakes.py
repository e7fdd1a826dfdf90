"""A bucket of uploads, a queue and a ledger in memory, for the tests of the sweep."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from sftp_watchdog.config import Config
from sftp_watchdog.entry import Entry
from sftp_watchdog.events import Upload, of_version, read, records
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.settings import Settings
from sftp_watchdog.sweep import sweep
from sftp_watchdog.sweep_run import Case, Counts, Order, Tools
from sftp_watchdog.versions import Versions

from tests.unit.watchdog_fakes import FakeBucket, client_error

BUCKET = "bucket-1"
ROUTES = """
[[route]]
project   = "acme-sales"
directory = "acme/incoming"
pattern   = "*.csv"
stories   = "acme/outgoing"

[[route]]
project   = "everyone"
directory = "*/inbox"
stories   = "*/outgoing"
"""


class FakeUploads:
    """Versions in pages of `page_size`; a key with a control character makes their list fail."""

    def __init__(self, page_size: int = 3) -> None:
        self.config: str | None = ROUTES
        self.failure: Exception | None = None
        self.head_failure: Exception | None = None
        self.listed: list[str] = []
        self._page_size = page_size
        self._versions: dict[str, list[dict[str, Any]]] = {}

    def store(self, key: str, modified: datetime, version_id: str | None = "") -> Upload:
        """Another version of `key`; None for an object without one."""
        versions = self._versions.setdefault(key, [])
        name = "null" if version_id is None else version_id or f"v{len(versions)}"
        version = {
            "Key": key,
            "VersionId": name,
            "Size": 7,
            "ETag": '"e"',
            "LastModified": modified,
        }
        versions.insert(0, version)
        return of_version(BUCKET, version)

    def everything(self, prefix: str) -> list[dict[str, Any]]:
        """All versions, in S3's order."""
        keys = sorted(key for key in self._versions if key.startswith(prefix))
        return [version for key in keys for version in self._versions[key]]

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        self._check(request)
        prefix, key = request["Prefix"], request.get("KeyMarker", "")
        self.listed.append(prefix)
        versions = [each for each in self.everything(prefix) if each["Key"] >= key]
        if marker := request.get("VersionIdMarker"):
            places = [(each["Key"], each["VersionId"]) for each in versions]
            versions = versions[places.index((key, marker)) + 1 :]
        else:
            versions = [each for each in versions if each["Key"] > key]
        page = versions[: self._page_size]
        if any("\1" in each["Key"] for each in page):
            raise client_error(500)
        answer = {"IsTruncated": len(versions) > len(page), "Versions": page}
        if answer["IsTruncated"]:
            answer |= {
                "NextKeyMarker": page[-1]["Key"],
                "NextVersionIdMarker": page[-1]["VersionId"],
            }
        return answer

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        self._check(request)
        keys = sorted({each["Key"] for each in self.everything(request["Prefix"])})
        keys = [key for key in keys if key > request.get("StartAfter", "")]
        page = keys[: self._page_size]
        return {"IsTruncated": len(keys) > len(page), "Contents": [{"Key": key} for key in page]}

    def head_object(self, **request: Any) -> dict[str, Any]:
        if self.head_failure:
            raise self.head_failure
        latest = self._versions[request["Key"]][0]
        return {**latest, "ContentLength": latest["Size"]}

    def get_object(self, **_: Any) -> dict[str, Any]:
        if self.config is None:
            raise client_error(404, "NoSuchKey")
        return {"Body": io.BytesIO(self.config.encode()), "ETag": f'"{hash(self.config)}"'}

    def get_paginator(self, operation: str) -> Any:
        """With a delimiter only: folders, two to a page."""

        def pages(**request: Any) -> Iterator[dict[str, Any]]:
            self._check(request)
            prefix = request["Prefix"]
            keys = [each["Key"] for each in self.everything(prefix)]
            if operation == "list_object_versions" and any("\1" in key for key in keys):
                raise client_error(500)
            rest = (key[len(prefix) :] for key in keys)
            names = sorted({name.partition("/")[0] for name in rest if "/" in name})
            for start in range(0, len(names), 2):
                some = names[start : start + 2]
                yield {"CommonPrefixes": [{"Prefix": f"{prefix}{name}/"} for name in some]}

        return SimpleNamespace(paginate=pages)

    def _check(self, request: dict[str, Any]) -> None:
        assert request["Bucket"] == BUCKET
        if self.failure:
            raise self.failure


class FakeQueue:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        self.bodies += [entry["MessageBody"] for entry in request["Entries"]]
        return {}

    def taken(self) -> list[Upload]:
        """What is on the queue, which is empty then."""
        found = [read(record) for body in self.bodies for record in records(body)]
        self.bodies.clear()
        return [upload for upload in found if isinstance(upload, Upload)]


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def ago(self, **time: float) -> datetime:
        return self.now - timedelta(**time)


class World:
    """A bucket of uploads, the ledger and the queue; the watchdog is who settles."""

    def __init__(self, page_size: int = 3) -> None:
        self.uploads, self.queue, self.clock = FakeUploads(page_size), FakeQueue(), Clock()
        self.bucket = FakeBucket()
        self.ledger = Ledger(cast("Any", self.bucket), "ledger-1", self.clock)
        self.settings = Settings(BUCKET, "ledger-1", "secret", "http://queue")
        self.said: list[Case] = []
        self.reports: list[str] = []

    def store(self, key: str, **ago: float) -> Upload:
        return self.uploads.store(key, self.clock.ago(**ago))

    def settle(self, upload: Upload, outcome: Any = "accepted", **changes: Any) -> Entry:
        """Give the upload an outcome, as the watchdog does."""
        held = self.ledger.claim(upload, "acme", 0)
        entry = held.entry.moved(self.ledger.now(), outcome, "because", **changes)
        return self.ledger.save(held, entry).entry

    def sweep(self, order: Order | None = None) -> Counts:
        return sweep(self.tools(), order or Order())

    def swept(self, order: Order | None = None) -> list[str]:
        """The keys one sweep puts back, sorted."""
        self.sweep(order)
        return sorted(upload.key for upload in self.queue.taken())

    def tools(self) -> Tools:
        s3 = cast("Any", self.uploads)
        config = Config(s3, self.settings, self.ledger, lambda what, _: self.reports.append(what))
        queue = cast("Any", self.queue)
        versions = Versions(s3, BUCKET)
        return Tools(versions, self.ledger, config, queue, self.settings, self.said.append)
