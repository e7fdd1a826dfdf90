"""A user is disabled by taking the keys from Transfer, which has no other way; and enabled again.

Keys are kept before they are taken, and given back before they are forgotten: whatever ends it in
between, another run of the same finishes it.
"""

from __future__ import annotations

from quillgate.errors import UserError
from quillgate.users.accounts import Accounts
from quillgate.users.held import DISABLED, held_key
from quillgate.users.model import HeldKey
from quillgate.users.records import Kept

_ROUNDS = 5


def keep(accounts: Accounts, name: str, keys: tuple[HeldKey, ...], now: str) -> None:
    """Keep keys besides those that are kept."""
    kept = accounts.records.kept(name) or Kept(now)
    accounts.records.keep(name, kept.with_keys(keys))


def disable(accounts: Accounts, name: str, now: str) -> None:
    """Until there are no keys, whoever adds some meanwhile."""
    for _ in range(_ROUNDS):
        user = accounts.server.describe(name) or {}
        keys = tuple(map(held_key, user.get("SshPublicKeys", ())))
        keep(accounts, name, keys, now)
        accounts.server.tag(user["Arn"], DISABLED, now)
        if not keys:
            return
        for key in keys:
            accounts.server.delete_key(name, key.id)
    raise UserError("keys are being added all the time to", name, "try again")


def enable(accounts: Accounts, name: str) -> None:
    """Give the keys back, then forget that they were kept."""
    kept = accounts.records.kept(name)
    for key in kept.keys if kept else ():
        accounts.server.add_key(name, key.line)
        accounts.records.add_key(key.fingerprint, name)
    user = accounts.server.describe(name)
    if user:
        accounts.server.untag(user["Arn"], DISABLED)
    accounts.records.drop_kept(name)
