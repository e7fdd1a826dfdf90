"""The ids of all uploads that the ledger lists, in little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .ledger_names import Ref

_BYTES = 16
_LIMIT = 10_000_000
# So many ids between two looks at the time.
_LOOK = 1000


class KnownIds:
    """Sixteen bytes of each id, by their first two: that takes 25 MB for a million.

    That two of ten million ids have the same sixteen bytes is as likely as 1 in 10**24.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._buckets: dict[bytes, bytearray] = {}
        self._count = 0
        self.is_complete = True
        for each in ids:
            self.add(each)

    @classmethod
    def read(
        cls, refs: Iterable[Ref], has_time: Callable[[], bool], limit: int = _LIMIT
    ) -> KnownIds:
        """The ids of `refs`, or of so many as time and `limit` allow: then not `is_complete`."""
        known = cls()
        for ref in refs:
            if len(known) >= limit or (len(known) % _LOOK == 0 and not has_time()):
                known.is_complete = False
                break
            known.add(ref.upload_id)
        return known

    def add(self, upload_id: str) -> None:
        """Put in an id, 64 hex digits."""
        begin, rest = _split(upload_id)
        self._buckets.setdefault(begin, bytearray()).extend(rest)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __contains__(self, upload_id: str) -> bool:
        begin, rest = _split(upload_id)
        bucket = self._buckets.get(begin, b"")
        at = bucket.find(rest)
        # The end of one id and the beginning of the next may look like a third.
        while at > 0 and at % len(rest):
            at = bucket.find(rest, at + 1)
        return at >= 0


def _split(upload_id: str) -> tuple[bytes, bytes]:
    raw = bytes.fromhex(upload_id[: 2 * _BYTES])
    return raw[:2], raw[2:]
