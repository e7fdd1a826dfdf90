"""Files that were told before there was a ledger: each gets an entry that says so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sftp_watchdog.entry import Entry
from sftp_watchdog.events import Upload, of_version
from sftp_watchdog.ledger_names import Ref
from sftp_watchdog.shapes import in_utc
from sftp_watchdog.sweep_folders import routed_folders
from sftp_watchdog.sweep_known import KnownIds
from sftp_watchdog.sweep_run import THREADS, Tools
from sftp_watchdog.versions import Page

from quillgate.audit import Audit

ALL_FILES = "files of before"  # what the audit trail says that a marking of all is about
_KEYS_KEPT = 100  # to be put on record


@dataclass(frozen=True)
class Marking:
    """Which versions to mark: stored before a time, of keys that begin so."""

    before: datetime
    only: str
    dry_run: bool


def mark_done(tools: Tools, marking: Marking, audit: Audit) -> Iterator[str]:
    """Mark every version in a routed folder that has no entry; gives the keys, as they are marked.

    Run again it marks what is left. Nothing that has an entry is changed, whatever it says. It is
    on record with its first keys; each entry says who it was by.
    """
    if marking.dry_run:
        yield from _marked(tools, marking, audit.who)
        return
    # It counts on: the record ends with what is in it then.
    done: dict[str, Any] = {"stored before": in_utc(marking.before), "marked": 0, "files": []}
    with audit.change("mark done", marking.only or ALL_FILES, after=done):
        for key in _marked(tools, marking, audit.who):
            done["marked"] += 1
            done["files"] = [*done["files"], key][:_KEYS_KEPT]
            yield key


def _marked(tools: Tools, marking: Marking, who: str) -> Iterator[str]:
    routes = tools.config.refreshed()
    known = KnownIds.read(tools.ledger.since(""), lambda: True)
    folders = routed_folders(routes, tools.versions.below, marking.only)

    def uploads(page: Page) -> list[Upload]:
        wanted = (
            of_version(tools.versions.bucket, version)
            for version in page.versions
            if version["LastModified"] < marking.before and routes.find(version["Key"])
        )
        return [upload for upload in wanted if upload.upload_id not in known]

    with ThreadPoolExecutor(THREADS) as pool:
        for page in tools.versions.pages(folders):
            found = uploads(page)
            marked = pool.map(lambda upload: _mark(tools, upload, marking, who), found)
            yield from (upload.key for upload, new in zip(found, marked, strict=True) if new)


def _mark(tools: Tools, upload: Upload, marking: Marking, who: str) -> bool:
    if marking.dry_run:
        return tools.ledger.find(Ref.of(upload.key, upload.upload_id)) is None
    now = tools.ledger.now()
    reason = f"told before: marked by {who}"
    entry = Entry.begun(upload, None, now, due=now).moved(now, "done", reason)
    return tools.ledger.create(entry) is not None
