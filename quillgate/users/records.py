"""What Transfer cannot keep of its users, in the ledger's bucket.

customers/disabled/<user>.json          since when, and the keys that `enable` gives back
customers/keys/<hash of the key>/<user> empty: who has a key; Transfer says if it is still so
                                        a time: who is about to get it until then, and nobody else
customers/homes/<user>/<folder>         empty: the home of a LOGICAL user: ListUsers has none
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field

from sftp_watchdog.ledger import Ledger

from quillgate.users.model import HeldKey

_DISABLED = "customers/disabled/"
_KEPT = "customers/kept/"
_KEYS = "customers/keys/"
_KEYS_KNOWN = "customers/keys-known"
_HOMES = "customers/homes/"
_PAGE = 1000
# Longer than a call of Transfer's takes with all its retries.
_CLAIM_SECONDS = 300


@dataclass(frozen=True)
class Kept:
    """The keys of a user who is disabled, or is just being disabled or enabled."""

    since: str
    keys: tuple[HeldKey, ...] = ()


@dataclass(frozen=True)
class Records:
    """The records of one stack. Every method may raise LedgerError."""

    ledger: Ledger = field(repr=False)

    def kept(self, name: str) -> Kept | None:
        """What is kept of a user who is disabled, the oldest key first."""
        text = self.ledger.text(_disabled(name))
        if text is None:
            return None
        found = (HeldKey(**json.loads(each)) for each in self.ledger.texts(f"{_KEPT}{name}/"))
        return Kept(
            json.loads(text)["since"], tuple(sorted(found, key=lambda key: key.imported_at))
        )

    def is_disabled(self, name: str) -> bool:
        """Whether what is kept of a user counts."""
        return self.ledger.text(_disabled(name)) is not None

    def keep_key(self, name: str, key: HeldKey) -> None:
        """Keep a key of a user."""
        text = json.dumps(asdict(key), ensure_ascii=False)
        self.ledger.keep_text(f"{_KEPT}{name}/{_digest(key.fingerprint)}", text)

    def drop_kept_key(self, name: str, fingerprint: str) -> None:
        """Keep it no longer; harmless when it was not kept."""
        self.ledger.drop_text(f"{_KEPT}{name}/{_digest(fingerprint)}")

    def drop_kept_keys(self, name: str, but: Collection[str] = ()) -> None:
        """Keep none of a user's keys, but those of these fingerprints."""
        left = set(map(_digest, but))
        for each in self._all(f"{_KEPT}{name}/"):
            if _last(each) not in left:
                self.ledger.drop_text(each)

    def set_disabled(self, name: str, since: str) -> None:
        """From now on what is kept of a user counts."""
        self.ledger.keep_text(_disabled(name), json.dumps({"since": since}))

    def drop_disabled(self, name: str) -> None:
        """From now on what is kept of a user counts for nothing."""
        self.ledger.drop_text(_disabled(name))

    def names_disabled(self) -> frozenset[str]:
        """The users who are disabled, or were when somebody was interrupted."""
        return frozenset(_last(each).removesuffix(".json") for each in self._all(_DISABLED))

    def add_key(self, fingerprint: str, name: str) -> None:
        """Remember that a user has a key."""
        self.ledger.keep_text(f"{_of_key(fingerprint)}{name}", "")

    def claim_key(self, fingerprint: str, name: str) -> None:
        """Say that a user is about to get a key; `add_key` says that it is done."""
        self.ledger.keep_text(f"{_of_key(fingerprint)}{name}", self.ledger.later(_CLAIM_SECONDS))

    def claimants(self, fingerprint: str) -> Iterator[str]:
        """Who is about to get a key; whoever was interrupted at it counts for a while only."""
        now = self.ledger.now()
        for name in self.users_of(fingerprint):
            if (self.ledger.text(f"{_of_key(fingerprint)}{name}") or "") > now:
                yield name

    def drop_key(self, fingerprint: str, name: str) -> None:
        """Forget it."""
        self.ledger.drop_text(f"{_of_key(fingerprint)}{name}")

    def users_of(self, fingerprint: str) -> Iterator[str]:
        """Who may have a key."""
        return map(_last, self._all(_of_key(fingerprint)))

    def are_keys_known(self) -> bool:
        """Whether the keys of all users there were once have been remembered."""
        return self.ledger.text(_KEYS_KNOWN) is not None

    def set_keys_known(self) -> None:
        """They have."""
        self.ledger.keep_text(_KEYS_KNOWN, "")

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


def _disabled(name: str) -> str:
    return f"{_DISABLED}{name}.json"


def _of_key(fingerprint: str) -> str:
    return f"{_KEYS}{_digest(fingerprint)}/"


def _digest(fingerprint: str) -> str:
    return base64.b64decode(fingerprint.removeprefix("SHA256:") + "=").hex()


def _last(name: str) -> str:
    return name.rpartition("/")[2]
