"""Proofs that a file is whole, kept in the ledger: for a key and the ETag of its bytes.

Before and after S3's own event, and whatever the file is renamed to: WinSCP uploads `x.filepart`,
and what was proven of that holds for `x`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import ledger_names as names

if TYPE_CHECKING:
    from .events import Upload
    from .ledger import Ledger


@dataclass(frozen=True)
class Proofs:
    """The proofs in `ledger`. Every method may raise LedgerError."""

    ledger: Ledger

    def of(self, upload: Upload) -> str | None:
        """Why `upload` is whole; None when nothing has proven it."""
        return self.ledger.text(names.proof(upload.key, upload.etag))

    def prove(self, key: str, etag: str, why: str) -> list[tuple[str, str]]:
        """Keep a proof for `key` and all it was renamed to; gives each key and its ETag."""
        proven: list[tuple[str, str]] = []
        left = [(key, etag)]
        while left:
            each = left.pop()
            # A file may get its old name back.
            if each not in proven:
                proven.append(each)
                self.ledger.keep_text(names.proof(*each), why)
                left += self._renamed_to(*each)
        return proven

    def carry_over(self, old: Upload, new: Upload) -> list[tuple[str, str]]:
        """Prove `new`, what `old` was renamed to, once that is proven: now, or when it will be."""
        why = self.of(old) or self._remember(old, new)
        return self.prove(new.key, new.etag, why) if why else []

    def _remember(self, old: Upload, new: Upload) -> str | None:
        """Keep the rename for the proof still to come; gives that if it came at this moment.

        Only then: a temporary name may be used, for the same bytes, a thousand times.
        """
        name = names.renames(old.key, old.etag) + names.digest(new.key)
        self.ledger.keep_text(name, json.dumps([new.key, new.etag]))
        return self.of(old)

    def _renamed_to(self, key: str, etag: str) -> list[tuple[str, str]]:
        texts = self.ledger.texts(names.renames(key, etag))
        return [(new_key, new_etag) for new_key, new_etag in map(json.loads, texts)]
