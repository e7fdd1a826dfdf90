"""A clerk on fakes: a bucket with versions, a ledger, and a Quill that keeps what it hears."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from sftp_watchdog.config import Config
from sftp_watchdog.entry import Entry
from sftp_watchdog.errors import NoReceiptError
from sftp_watchdog.events import Upload, of_version
from sftp_watchdog.evidence import Evidence
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import Ref
from sftp_watchdog.outcome import Clerk
from sftp_watchdog.quill import Notification, Receipt
from sftp_watchdog.settings import Settings
from sftp_watchdog.shapes import in_utc

from tests.unit.watchdog_fakes import FakeBucket, FakeS3, client_error

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SETTINGS = Settings("b", "l", "secret", "http://queue")


def at(seconds: float) -> str:
    """A time, so many seconds after the start."""
    return in_utc(START + timedelta(seconds=seconds))


class FakeVersions(FakeS3):
    """Keeps every version, and lists them as S3 does: by key, the newest first, seconds only."""

    def __init__(self, config: str, bucket: str = "b") -> None:
        super().__init__(config)
        self.bucket = bucket
        self.versions: list[dict[str, Any]] = []
        self.unlistable = False
        self.listed = 0

    def store(self, key: str, body: bytes, seconds: float) -> Upload:
        """A new version; gives the upload as its event tells of it."""
        version = {
            "Key": key,
            "VersionId": f"v{len(self.versions)}",
            "ETag": f'"{hashlib.md5(body).hexdigest()}"',  # noqa: S324
            "Size": len(body),
            "LastModified": (START + timedelta(seconds=seconds)).replace(microsecond=0),
        }
        self.versions.insert(0, version)
        return replace(of_version(self.bucket, version), uploaded_at=at(seconds))

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_object_versions"
        return SimpleNamespace(paginate=self._pages)

    def head_object(self, **request: Any) -> dict[str, Any]:
        head = super().head_object(**request)
        found = [each for each in self.versions if each["Key"] == request["Key"]]
        if not found:
            raise client_error(404)
        return {**found[0], "ContentLength": found[0]["Size"], **head}

    def _pages(self, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        if self.failure or self.unlistable:
            raise self.failure or client_error(500)
        found = [each for each in self.versions if each["Key"].startswith(Prefix)]
        found.sort(key=lambda each: each["Key"])
        for start in range(0, len(found), 2):
            self.listed += 2
            yield {"Versions": found[start : start + 2]}


@dataclass
class FakeQuill:
    """Keeps the versions it was told of and those withdrawn; fails when it is to."""

    told: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    fails: bool = False

    def tell(self, notification: Notification) -> Receipt:
        self._fail()
        self.told.append(notification.version_id)
        return Receipt(f"receipt of {notification.version_id}")

    def withdraw(self, project: str, upload_id: str) -> None:
        self._fail()
        self.withdrawn.append(f"{project}/{upload_id}")

    def _fail(self) -> None:
        if self.fails:
            raise NoReceiptError("Quill is away")


def _route(complete: str) -> str:
    return "[[route]]\nproject = 'p'\ndirectory = 'in'\nstories = 'out'\n" + complete


class Desk:
    """One clerk. The time stands still, a minute after the start."""

    def __init__(self, complete: str, ledger_s3: FakeBucket | None = None) -> None:
        self.s3, self.quill = FakeVersions(_route(complete)), FakeQuill()
        self.now = START + timedelta(seconds=60)
        self.ledger = Ledger(cast("Any", ledger_s3 or FakeBucket()), "l", lambda: self.now)
        self.clerk = self._clerk()

    def change_route(self, complete: str) -> None:
        """What the route says from now on; those who work go by it at once."""
        self.s3.config = _route(complete)
        self.clerk = self._clerk()

    def _clerk(self) -> Clerk:
        config = Config(cast("Any", self.s3), SETTINGS, self.ledger, lambda *_: None)
        s3, quill = cast("Any", self.s3), cast("Any", self.quill)
        return Clerk(config, self.ledger, quill, s3, "b", 5)

    def hear(self, found: Upload | Evidence) -> list[str]:
        """The outcomes that follow from an event."""
        uploads = self.clerk.uploads(found)
        return [self.clerk.settle(upload, lambda: 60.0).outcome for upload in uploads]

    def entry(self, upload: Upload) -> Entry:
        held = self.ledger.find(Ref.of(upload.key, upload.upload_id))
        assert held
        return held.entry


def completed(upload: Upload, **changes: Any) -> Evidence:
    """Transfer's word that this upload completed."""
    evidence = Evidence(
        "complete", upload.bucket, upload.key, upload.uploaded_at, upload.uploaded_at, upload.size
    )
    return replace(evidence, etag=upload.etag, **changes)


def broken_off(upload: Upload, **changes: Any) -> Evidence:
    """Transfer's word that this upload broke off."""
    return replace(completed(upload), kind="partial", etag=None, **changes)


def renamed(old: str, new: Upload, **changes: Any) -> Evidence:
    """Transfer's word that a file got this name."""
    evidence = replace(completed(new), kind="renamed", size=None, etag=None, renamed_from=old)
    return replace(evidence, **changes)
