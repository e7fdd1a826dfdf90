"""From evidence to the uploads it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from .errors import NoVersionsError
from .key_versions import unsettled, uploads_of

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from .events import Upload
    from .evidence import Evidence
    from .proofs import Proofs
    from .routes import Routes

# What a temporary name was renamed from lies behind those that have used it since.
_OLD_NAMES = 100
# One request. What waits beyond is judged again by the sweep, which finds its proof.
_LOOKED_AT = 1000


@dataclass(frozen=True)
class Scales:
    """Weighs evidence about files in `bucket`; what completes a file is kept as its proof.

    Every method may raise LedgerError and NoVersionsError: the evidence is weighed again.
    """

    s3: S3Client
    bucket: str
    proofs: Proofs

    def uploads(self, evidence: Evidence, routes: Routes) -> list[Upload]:
        """The uploads whose outcome hangs on it: fragments, and those that waited for a proof."""
        # Users of the same server may have homes elsewhere.
        if evidence.bucket != self.bucket:
            return []
        if evidence.kind == "partial":
            return self._fragment(evidence)
        proven = self._renamed(evidence) if evidence.kind == "renamed" else self._complete(evidence)
        return [upload for key, etag in proven for upload in self._unsettled(key, etag, routes)]

    def _fragment(self, evidence: Evidence) -> list[Upload]:
        fitting = [each for each in self._fitting(evidence) if not self.proofs.of(each)]
        return [replace(each, fragment=evidence.reason) for each in _meant(fitting, evidence)]

    def _complete(self, evidence: Evidence) -> list[tuple[str, str]]:
        # An event has the ETag, a log line has not.
        etag = evidence.etag or self._etag_of(evidence)
        return self.proofs.prove(evidence.key, etag, evidence.reason) if etag else []

    def _etag_of(self, evidence: Evidence) -> str | None:
        return next((each.etag for each in _meant(self._fitting(evidence), evidence)), None)

    def _renamed(self, evidence: Evidence) -> list[tuple[str, str]]:
        """What is proven by it, if the file under its old name is."""
        old_key = evidence.renamed_from or ""
        for new in self._fitting(evidence):
            for old in islice(uploads_of(self.s3, self.bucket, old_key), _OLD_NAMES):
                if old.uploaded_at <= evidence.ended and _same(old, new):
                    return self.proofs.carry_over(old, new)
        return []

    def _fitting(self, evidence: Evidence) -> list[Upload]:
        """The versions it can be about, newest first.

        NoVersionsError when there is none although there may be one in a moment.
        """
        versions = uploads_of(self.s3, self.bucket, evidence.key)
        recent = takewhile(lambda upload: evidence.earliest <= upload.uploaded_at, versions)
        found = [upload for upload in recent if evidence.fits(upload)]
        # What S3 never stored, nobody waits for.
        if not found and self.proofs.ledger.now() < evidence.latest:
            raise NoVersionsError(
                f"no version of {evidence.key!r} fits what Transfer says - looked at again"
            )
        return found

    def _unsettled(self, key: str, etag: str, routes: Routes) -> Iterator[Upload]:
        match = routes.find(key)
        if match and match.route.complete == "proof":
            uploads = islice(uploads_of(self.s3, self.bucket, key), _LOOKED_AT)
            same = (upload for upload in uploads if upload.etag == etag)
            yield from unsettled(same, self.proofs.ledger)


def _meant(fitting: list[Upload], evidence: Evidence) -> list[Upload]:
    """The last one stored by the end, else the first after it: what came later was sent anew."""
    by_then = [upload for upload in fitting if upload.uploaded_at <= evidence.ended]
    return by_then[:1] or fitting[-1:]


def _same(old: Upload, new: Upload) -> bool:
    """Whether a copy has the same bytes, as far as can be seen: not by the ETags of parts."""
    in_parts = "-" in old.etag + new.etag
    return old.size == new.size and (in_parts or old.etag == new.etag)
