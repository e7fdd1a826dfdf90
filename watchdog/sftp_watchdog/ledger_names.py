"""How things are called in the ledger's bucket.

    entries/<hash of the key>/<upload id>.json    one upload's entry
    days/<yyyy-mm-dd>/<name>                      empty: what was uploaded that day
    users/<user>/<name>                           empty: what a user uploaded
    attention/<state>/<name>                      empty: what a person may want to look at
    stories/<hash of the story's key>             the name of the upload it is for
    proofs/<hash of the key>/<ETag>               why these bytes are the whole file
    renames/<hash of old key>/<ETag>/<hash>       what a file of these bytes was renamed to
    markers/<hash of the key>/<marker's version>  which upload that marker declared whole
    routes/last-good.config                       the routes in force
    sweep/progress.json                           how far the sweeps are
    sweep/log-until                               how far they have read Transfer's log
    audit/all/<name of a change>                  who changed what, and how it ended
    audit/about/<hash of what it was about>/      empty: the changes of one customer, one route file
    customers/                                    what Transfer cannot keep of its users

`<name>` is time, hash of the key and upload id: lists begin with the newest upload, and each name
leads to its entry. Keys are hashed: they may have 1,024 bytes, and names in a bucket have no more.
`audit/` and `customers/` are the command's and the console's: the watchdog does not know them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from .shapes import in_utc

LAST_GOOD_ROUTES = "routes/last-good.config"
SWEEP_PROGRESS = "sweep/progress.json"
SWEPT_LOG_UNTIL = "sweep/log-until"
DAYS = "days/"
# No user is called so: Transfer's user names begin with a letter, a digit or `_`.
NOBODY = "-"
# In milliseconds: the year 2286. What is subtracted from it sorts newest first.
_LATEST = 10**13 - 1


@dataclass(frozen=True)
class Ref:
    """Where the entry of one upload is."""

    key_hash: str
    upload_id: str

    @classmethod
    def of(cls, key: str, upload_id: str) -> Ref:
        """The place of an upload's entry."""
        return cls(digest(key), upload_id)

    @classmethod
    def read(cls, name: str) -> Ref:
        """The place a listed name leads to, whatever folder it is in."""
        _, key_hash, upload_id = name.rpartition("/")[2].rsplit("-", 2)
        return cls(key_hash, upload_id)

    @property
    def entry(self) -> str:
        """The entry's name in the bucket."""
        return f"{entries_of(self.key_hash)}{self.upload_id}.json"

    def listed(self, uploaded_at: str) -> str:
        """Its name in lists."""
        return f"{newest_first(uploaded_at)}-{self.key_hash}-{self.upload_id}"


def digest(key: str) -> str:
    """32 hex digits that stand for an object key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def newest_first(moment: str) -> str:
    """A time, such that a later one sorts before an earlier one; from 1970 to 2286."""
    milliseconds = round(datetime.fromisoformat(moment).timestamp() * 1000)
    return f"{_LATEST - min(max(milliseconds, 0), _LATEST):013d}"


def moment_of(name: str) -> str:
    """The time that a listed name, without its folder, begins with."""
    return in_utc(datetime.fromtimestamp((_LATEST - int(name[:13])) / 1000, UTC))


def entries_of(key_hash: str) -> str:
    """The folder with the entries of every version of one key."""
    return f"entries/{key_hash}/"


def day(date: str) -> str:
    """The folder that lists the uploads of a day, `2026-11-23`."""
    return f"{DAYS}{date}/"


def user(name: str | None) -> str:
    """The folder that lists a user's uploads; None for those of nobody known."""
    return f"users/{name or NOBODY}/"


def attention(state: str) -> str:
    """The folder that lists the uploads in a state of `entry.ATTENTION`."""
    return f"attention/{state}/"


def story(key: str) -> str:
    """What says for which upload a story is."""
    return f"stories/{digest(key)}"


def proof(key: str, etag: str) -> str:
    """What says that a file of these bytes is whole."""
    return f"proofs/{digest(key)}/{etag}"


def renames(key: str, etag: str) -> str:
    """The folder that says what a file of these bytes was renamed to."""
    return f"renames/{digest(key)}/{etag}/"


def marker_use(key: str, version_id: str | None) -> str:
    """What says which upload of `key` a version of its marker has declared whole."""
    return f"markers/{digest(key)}/{version_id}"
