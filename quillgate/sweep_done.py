"""Files that were told before there was a ledger: each gets an entry that says so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sftp_watchdog.entry import Entry
from sftp_watchdog.events import Upload, of_version
from sftp_watchdog.ledger_names import Ref
from sftp_watchdog.sweep_folders import routed_folders
from sftp_watchdog.sweep_known import KnownIds
from sftp_watchdog.sweep_run import THREADS, Tools
from sftp_watchdog.versions import Page


@dataclass(frozen=True)
class Marking:
    """Which versions to mark: stored before a time, of keys that begin so; and who says so."""

    before: datetime
    only: str
    by: str
    dry_run: bool


def mark_done(tools: Tools, marking: Marking) -> Iterator[str]:
    """Mark every version in a routed folder that has no entry; gives the keys, as they are marked.

    Run again it marks what is left. Nothing that has an entry is changed, whatever it says.
    """
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
            marked = pool.map(lambda upload: _mark(tools, upload, marking), found)
            yield from (upload.key for upload, new in zip(found, marked, strict=True) if new)


def _mark(tools: Tools, upload: Upload, marking: Marking) -> bool:
    if marking.dry_run:
        return tools.ledger.find(Ref.of(upload.key, upload.upload_id)) is None
    now = tools.ledger.now()
    reason = f"told before: marked by {marking.by}"
    entry = Entry.begun(upload, None, now, due=now).moved(now, "done", reason)
    return tools.ledger.create(entry) is not None
