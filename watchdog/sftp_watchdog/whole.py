"""When a file counts as whole: what a route's `complete` asks for, and whether it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .key_versions import unsettled, uploads_of

if TYPE_CHECKING:
    from .events import Upload
    from .markers import Markers
    from .proofs import Proofs
    from .route import Route


@dataclass(frozen=True)
class Doubt:
    """Why Quill is not told of an upload: not yet (`waiting`), or never (`partial`)."""

    outcome: Literal["waiting", "partial"]
    reason: str


@dataclass(frozen=True)
class Wholeness:
    """Judges uploads. Every method may raise LedgerError and NoVersionsError: judged again."""

    proofs: Proofs
    markers: Markers

    def doubt(self, upload: Upload, route: Route) -> Doubt | None:
        """What speaks against telling Quill of `upload` now; nothing if a person ordered it."""
        if upload.ordered_by or route.complete == "close":
            return None
        if route.complete == "proof":
            return self._unproven(upload)
        return self._unmarked(upload, route)

    def marked(self, file_key: str) -> list[Upload]:
        """The uploads of a file that may have waited for its marker."""
        versions = uploads_of(self.markers.s3, self.markers.bucket, file_key)
        return list(unsettled(versions, self.proofs.ledger))

    def _unproven(self, upload: Upload) -> Doubt | None:
        if self.proofs.of(upload):
            return None
        return Doubt("waiting", "no proof yet: Transfer has not said that the upload completed")

    def _unmarked(self, upload: Upload, route: Route) -> Doubt | None:
        folder, slash, name = upload.key.rpartition("/")
        marker = route.marker_of(name)
        sight = self.markers.look(upload, folder + slash + marker)
        if sight == "replaced":
            return Doubt("partial", "replaced by a later upload before its marker came")
        return Doubt("waiting", f"no marker yet: {marker!r}") if sight == "unmarked" else None
