"""What is known of SFTP users and their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HomeType = Literal["PATH", "LOGICAL"]


@dataclass(frozen=True)
class PublicKey:
    """A public key that Transfer takes.

    `line` is `type base64 comment`, at most 2,048 characters; `fingerprint` is `SHA256:...` as
    `ssh-keygen -l` prints it; `number` the line it stood on, from 1, where it was pasted.
    """

    line: str
    type: str
    bits: int
    fingerprint: str
    comment: str = ""
    number: int = 1

    def __str__(self) -> str:
        """For people: the fingerprint, and what else tells keys apart."""
        return " ".join(filter(None, (self.fingerprint, f"({self.type})", self.comment)))


@dataclass(frozen=True)
class HeldKey:
    """A public key that a user has.

    `id` is Transfer's (`key-...`), or empty for a key that was never there: one added while the
    user was disabled. `imported_at` is such as `2026-11-23T09:00:00.000Z`.
    """

    id: str
    type: str
    bits: int
    fingerprint: str
    comment: str
    imported_at: str
    line: str


@dataclass(frozen=True)
class Listed:
    """A user in a list. `home` is `/bucket/folder`; "" when it is made of several mappings."""

    name: str
    home: str
    key_count: int
    is_disabled: bool


@dataclass(frozen=True)
class UsersPage:
    """A page of users in Transfer's order; `next_token` leads to the next, None at the end."""

    users: tuple[Listed, ...]
    next_token: str | None = None


@dataclass(frozen=True)
class Account:
    """One user, and everything there is to say.

    `home` is `/bucket/folder`, whatever the user sees of it; "" when it is made of several
    mappings. The keys of a disabled user (`disabled_since` is set) are kept, and let nobody in.
    `created_by` and `created_at` are known of users made with this.
    """

    name: str
    home: str
    home_type: HomeType
    role: str
    keys: tuple[HeldKey, ...] = ()
    disabled_since: str | None = None
    created_by: str | None = None
    created_at: str | None = None

    @property
    def folder(self) -> str:
        """The home in the bucket, without slashes at its ends."""
        return self.home.strip("/").partition("/")[2]

    @property
    def is_disabled(self) -> bool:
        """Whether no key lets the user in until `enable`."""
        return self.disabled_since is not None

    def has(self, fingerprint: str) -> bool:
        """Whether one of the keys is that."""
        return any(key.fingerprint == fingerprint for key in self.keys)
