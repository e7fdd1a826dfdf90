"""The second part of a sweep: versions in routed folders of which the ledger knows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from .entry import Entry
from .events import Upload, of_version
from .ledger_names import Ref
from .routes import Routes
from .sweep_folders import routed_folders
from .sweep_known import KnownIds
from .sweep_progress import Progress
from .sweep_run import Case, Run
from .versions import Page, Version


def look_at_versions(run: Run, routes: Routes, progress: Progress) -> Progress:
    """Put back what was lost in the routed folders, and say how far that is done."""
    versions, order = run.tools.versions, run.order
    search = _search(run, routes, progress)
    folders = routed_folders(routes, versions.below, order.only)
    for page in versions.pages(folders, progress.cursor):
        progress = progress.after(page.next, search.look_at(page))
        run.counts.requests, run.counts.passed_over = versions.requests, versions.passed_over
        run.tools.tick(run.counts)
        if page.next and (order.seconds_left() <= 0 or versions.requests >= order.pages):
            return progress
    return replace(progress, cursor=None)


def _search(run: Run, routes: Routes, progress: Progress) -> _Search:
    ledger, order = run.tools.ledger, run.order
    # What is not read in half of the time is asked for one by one.
    half = order.seconds_left() / 2

    def has_time() -> bool:
        return order.seconds_left() >= half

    return _Search(
        run,
        routes,
        oldest=_moment(progress.settled_before),
        newest=_moment(ledger.later(-order.grace_seconds)) if order.grace_seconds else None,
        known=KnownIds.read(ledger.since(progress.settled_before[:10]), has_time),
        unrouted=KnownIds.read(ledger.needing_attention("unrouted"), has_time),
    )


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True)
class _Search:
    """Goes through pages of versions stored from `oldest` to `newest`.

    `known` are listed in the ledger; of those the `unrouted` may have a route by now.
    """

    run: Run
    routes: Routes
    oldest: datetime | None
    newest: datetime | None
    known: KnownIds
    unrouted: KnownIds

    def look_at(self, page: Page) -> list[str]:
        """Put back what was lost; gives the times of all that have no outcome."""
        found = [self._upload(each) for each in page.versions if self._is_wanted(each)]
        self.run.counts.looked_at += len(found)
        asked = [each for each in found if not self._is_settled(each)]
        entries = list(self.run.pool.map(self._entry, asked))
        self.run.put_back(self._cases(asked, entries))
        for upload, entry in zip(asked, entries, strict=True):
            self._relist(upload, entry)
        return [
            upload.uploaded_at
            for upload, entry in zip(asked, entries, strict=True)
            if not (entry and entry.is_settled)
        ]

    def _is_wanted(self, version: Version) -> bool:
        stored = version["LastModified"]
        if (self.oldest and stored < self.oldest) or (self.newest and stored > self.newest):
            return False
        return self.routes.find(version["Key"]) is not None

    def _upload(self, version: Version) -> Upload:
        return of_version(self.run.tools.versions.bucket, version)

    def _is_settled(self, upload: Upload) -> bool:
        return upload.upload_id in self.known and upload.upload_id not in self.unrouted

    def _entry(self, upload: Upload) -> Entry | None:
        ledger = self.run.tools.ledger
        if held := ledger.find(Ref.of(upload.key, upload.upload_id)):
            return held.entry
        if upload.version_id:
            return None
        # Its event had a sequencer, which no list tells: it is known by its bytes.
        return next((it for it in ledger.of_key(upload.key) if it.etag == upload.etag), None)

    def _cases(self, uploads: list[Upload], entries: list[Entry | None]) -> Iterator[Case]:
        for upload, entry in zip(uploads, entries, strict=True):
            verdict = self.run.judge.of(entry)
            if verdict != "leave":
                yield Case.of(upload, entry, verdict)

    def _relist(self, upload: Upload, entry: Entry | None) -> None:
        if entry is None or entry.outcome == "telling" or not self.known.is_complete:
            return
        was_unrouted = upload.upload_id in self.unrouted
        if was_unrouted != (entry.outcome == "unrouted") or upload.upload_id not in self.known:
            self.run.relist(entry, was="unrouted" if was_unrouted else "")
