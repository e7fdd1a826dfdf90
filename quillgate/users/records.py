"""What Transfer cannot keep of its users, in the ledger's bucket.

customers/disabled/<user>.json          since when, and the keys that `enable` gives back
customers/keys/<hash of the key>/<user> empty: who has a key; Transfer says if it is still so
customers/homes/<user>/<folder>         empty: the home of a LOGICAL user: ListUsers has none
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from sftp_watchdog.ledger import Ledger

from quillgate.users.model import HeldKey

_DISABLED = "customers/disabled/"
_KEYS = "customers/keys/"
_HOMES = "customers/homes/"
_PAGE = 1000


@dataclass(frozen=True)
class Kept:
    """The keys of a user who is disabled, or is just being disabled or enabled."""

    since: str
    keys: tuple[HeldKey, ...] = ()

    def with_keys(self, keys: tuple[HeldKey, ...]) -> Kept:
        """Those as well, each key once."""
        merged = {key.fingerprint: key for key in (*self.keys, *keys)}
        return Kept(self.since, tuple(merged.values()))

    def without(self, fingerprint: str) -> Kept:
        """All but one."""
        return Kept(self.since, tuple(key for key in self.keys if key.fingerprint != fingerprint))


@dataclass(frozen=True)
class Records:
    """The records of one stack. Every method may raise LedgerError."""

    ledger: Ledger = field(repr=False)

    def kept(self, name: str) -> Kept | None:
        """What is kept of a user's keys, if anything is."""
        text = self.ledger.text(_kept(name))
        if text is None:
            return None
        values = json.loads(text)
        return Kept(values["since"], tuple(HeldKey(**each) for each in values["keys"]))

    def keep(self, name: str, kept: Kept) -> None:
        """Keep that of a user's keys, in place of what was kept."""
        self.ledger.keep_text(_kept(name), json.dumps(asdict(kept), ensure_ascii=False))

    def drop_kept(self, name: str) -> None:
        """Keep nothing any longer."""
        self.ledger.drop_text(_kept(name))

    def names_kept(self) -> frozenset[str]:
        """The users of whom keys are kept."""
        return frozenset(_last(each).removesuffix(".json") for each in self._all(_DISABLED))

    def add_key(self, fingerprint: str, name: str) -> None:
        """Remember that a user has a key."""
        self.ledger.keep_text(f"{_of_key(fingerprint)}{name}", "")

    def drop_key(self, fingerprint: str, name: str) -> None:
        """Forget it."""
        self.ledger.drop_text(f"{_of_key(fingerprint)}{name}")

    def users_of(self, fingerprint: str) -> Iterator[str]:
        """Who may have a key."""
        return map(_last, self._all(_of_key(fingerprint)))

    def add_home(self, name: str, folder: str) -> None:
        """Remember the folder that a LOGICAL user sees as `/`."""
        self.ledger.keep_text(f"{_HOMES}{name}/{folder}", "")

    def home(self, name: str) -> str | None:
        """The folder of one LOGICAL user, if it is known."""
        found = self.ledger.page(f"{_HOMES}{name}/", 1)
        return found[0].removeprefix(f"{_HOMES}{name}/") if found else None

    def homes(self) -> dict[str, str]:
        """The folders that are known, by user."""
        found = (each.removeprefix(_HOMES).partition("/") for each in self._all(_HOMES))
        return {name: folder for name, _, folder in found}

    def drop_home(self, name: str) -> None:
        """Forget the folder of a LOGICAL user."""
        for each in self._all(f"{_HOMES}{name}/"):
            self.ledger.drop_text(each)

    def _all(self, folder: str) -> Iterator[str]:
        after = ""
        while names := self.ledger.page(folder, _PAGE, after):
            yield from names
            if len(names) < _PAGE:
                return
            after = names[-1]


def _kept(name: str) -> str:
    return f"{_DISABLED}{name}.json"


def _of_key(fingerprint: str) -> str:
    digest = base64.b64decode(fingerprint.removeprefix("SHA256:") + "=").hex()
    return f"{_KEYS}{digest}/"


def _last(name: str) -> str:
    return name.rpartition("/")[2]
