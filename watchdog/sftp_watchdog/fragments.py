"""Uploads that broke off: never told, or withdrawn where Quill may know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .entry import Entry
from .errors import TakenError
from .evidence import BROKE_OFF
from .ledger_names import Ref
from .uploader import uploaded_by

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from .events import Upload
    from .ledger import Held, Ledger
    from .quill import Quill

_WITHDRAWN = "; withdrawn from Quill"
# A try that failed may have reached Quill, whatever route the upload takes since.
_TRIED = ("retrying", "dead")


@dataclass(frozen=True)
class Fragments:
    """Brings fragments to their outcome."""

    s3: S3Client
    ledger: Ledger
    quill: Quill

    def settle(self, upload: Upload, project: str | None) -> Entry | None:
        """Make it `partial`; None when it was known before. `project` is its route's.

        RetryLaterError when Quill or the ledger fails, or a worker tells Quill at this moment.
        """
        held = self.ledger.find(Ref.of(upload.key, upload.upload_id))
        if held is None:
            return self._create(upload, project)
        if _is_known(held.entry):
            # A worker that died may have left this out.
            self.ledger.list_entry(held.entry)
            return None
        return self._change(held, upload, project)

    def _create(self, upload: Upload, project: str | None) -> Entry:
        now, reason = self.ledger.now(), str(upload.fragment)
        begun = Entry.begun(upload, uploaded_by(self.s3, upload), now, now)
        entry = begun.moved(now, "partial", reason, project=project)
        if not self.ledger.create(entry):
            raise TakenError(f"another worker has begun with {upload.key!r} - looked at again")
        return entry

    def _change(self, held: Held, upload: Upload, project: str | None) -> Entry:
        entry, reason = held.entry, str(upload.fragment)
        if entry.is_held(self.ledger.now()):
            raise TakenError(f"another worker tells Quill of {entry.key!r} - looked at again")
        project = entry.project or project
        if project and _may_be_told(entry):
            self.quill.withdraw(project, entry.upload_id)
            reason += _WITHDRAWN
        now = self.ledger.now()
        return self.ledger.save(held, entry.moved(now, "partial", reason, project=project)).entry


def _may_be_told(entry: Entry) -> bool:
    """Whether Quill may take the upload for whole."""
    if entry.outcome in ("waiting", "unrouted"):
        return any(step.what in _TRIED for step in entry.history)
    return entry.outcome != "rejected"


def was_withdrawn(entry: Entry) -> bool:
    """Whether Quill was asked to forget it: it may keep to that whatever it is told later."""
    return any(
        step.what == "partial" and step.reason.endswith(_WITHDRAWN) for step in entry.history
    )


def _is_known(entry: Entry) -> bool:
    """Whether it was known before: a person may have had it delivered since, whatever it is."""
    steps = (step for step in entry.history if step.what == "partial")
    return any(step.reason.startswith(BROKE_OFF) for step in steps)
