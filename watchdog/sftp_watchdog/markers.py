"""Markers: files such as `a.csv.done`, by which a customer says that `a.csv` is whole.

A marker counts for the newest version of its file that is not newer than itself. One that came
first counts for the next version, and for no other. The ledger keeps which version each was for: a
marker left over from yesterday must not declare today's fragment whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from . import ledger_names as names
from .key_versions import uploads_of

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from .events import Upload
    from .ledger import Ledger

# replaced   a later version of the file has a marker, this one never got its own
Sight = Literal["marked", "unmarked", "replaced"]


@dataclass(frozen=True)
class Place:
    """A version of a file between its neighbours; all `uploaded_at` are LastModified."""

    file: Upload
    newer: Upload | None = None
    older: Upload | None = None

    @property
    def begin(self) -> str:
        """Markers from before this time are no concern of this version, but for the last one."""
        return (self.older or self.file).uploaded_at

    def sort(self, markers: Iterable[Upload]) -> tuple[list[Upload], list[Upload], list[Upload]]:
        """The markers from before this version, from after it, and from after the next one."""
        before: list[Upload] = []
        after: list[Upload] = []
        later: list[Upload] = []
        for marker in markers:
            # In the same second either may be first: most markers come after their files.
            if self.newer and marker.uploaded_at >= self.newer.uploaded_at:
                later.append(marker)
            else:
                is_after = marker.uploaded_at >= self.file.uploaded_at
                (after if is_after else before).append(marker)
        return before, after, later


@dataclass(frozen=True)
class Markers:
    """The markers in `bucket`, and what the ledger says of them.

    Every method may raise LedgerError and NoVersionsError: it is looked at again.
    """

    s3: S3Client
    bucket: str
    ledger: Ledger

    def look(self, upload: Upload, marker_key: str) -> Sight:
        """Whether `upload` is declared whole by its marker, which is then for no other."""
        place = place_of(upload, uploads_of(self.s3, self.bucket, upload.key))
        if place is None:
            return "unmarked"
        markers = uploads_of(self.s3, self.bucket, marker_key)
        return self.look_at(place, _down_to(place.begin, markers))

    def look_at(self, place: Place, markers: Iterable[Upload]) -> Sight:
        """The same, from the versions of the marker, newest first."""
        before, after, later = place.sort(markers)
        own = [*before[:1], *after] if self._is_free(place, before) else after
        if any(self._take(marker, place.file) for marker in own):
            return "marked"
        return "replaced" if later else "unmarked"

    def _is_free(self, place: Place, before: list[Upload]) -> bool:
        """Whether the last marker from before this version came first, and is not the older's."""
        older = place.older
        if not before or not older:
            return True
        earlier = [marker for marker in before if marker.uploaded_at < older.uploaded_at]
        # The older version had one that came first: this is how the customer does it.
        return before[0] not in earlier and any(self._had(marker, older) for marker in earlier)

    def _take(self, marker: Upload, upload: Upload) -> bool:
        name = names.marker_use(upload.key, marker.version_id)
        return self.ledger.keep_first(name, upload.upload_id) == upload.upload_id

    def _had(self, marker: Upload, upload: Upload) -> bool:
        name = names.marker_use(upload.key, marker.version_id)
        return self.ledger.text(name) == upload.upload_id


def place_of(upload: Upload, versions: Iterable[Upload]) -> Place | None:
    """Where `upload` is among the versions of its key, newest first; None when it is gone."""
    newer = None
    left = iter(versions)
    for version in left:
        if version.upload_id == upload.upload_id:
            return Place(version, newer, next(left, None))
        newer = version
    return None


def _down_to(begin: str, markers: Iterable[Upload]) -> Iterator[Upload]:
    """The markers since `begin`, and the last one before."""
    for marker in markers:
        yield marker
        if marker.uploaded_at < begin:
            return
