"""A user is disabled by taking the keys from Transfer, which has no other way; and enabled again.

Keys are kept before they are taken, and given back before they are forgotten: whatever ends it in
between, another run of the same finishes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quillgate.errors import UserError
from quillgate.users.accounts import Accounts
from quillgate.users.held import DISABLED, held_key
from quillgate.users.records import Kept

_ROUNDS = 5


def disable(accounts: Accounts, name: str, now: str) -> None:
    """Until there are no keys, whoever adds some meanwhile."""
    _drop_leftovers(accounts, name)
    for _ in range(_ROUNDS):
        if not _take_keys(accounts, name, now):
            return
    # Whoever enables the user meanwhile may have said that what was taken last counts no longer.
    accounts.records.set_disabled(name, now)
    raise UserError("keys are being added all the time to", name, "try again")


def _drop_leftovers(accounts: Accounts, name: str) -> None:
    """What is kept of a user who is not disabled must not come back by `enable`.

    The keys in Transfer are read first: nobody else who is disabling had taken any by then.
    """
    user = accounts.server.describe(name) or {}
    has = {held_key(each).fingerprint for each in user.get("SshPublicKeys", ())}
    if not accounts.records.is_disabled(name):
        accounts.records.drop_kept_keys(name, but=has)


def _take_keys(accounts: Accounts, name: str, now: str) -> bool:
    """Whether there were any."""
    server, records = accounts.server, accounts.records
    if (user := server.describe(name)) is None:
        return False
    keys = [held_key(each) for each in user.get("SshPublicKeys", ())]
    for key in keys:
        records.keep_key(name, key)
    records.set_disabled(name, now)
    server.tag(user["Arn"], DISABLED, now)
    for key in keys:
        server.delete_key(name, key.id)
    return bool(keys)


def enable(accounts: Accounts, name: str) -> None:
    """Give the keys back, then say that what is kept counts no longer.

    Until all are there, whoever is disabling the user meanwhile.
    """
    server, records = accounts.server, accounts.records
    if (kept := records.kept(name)) is None:
        return
    for _ in range(_ROUNDS):
        for key in kept.keys:
            server.add_key(name, key.line)
            records.add_key(key.fingerprint, name)
        if user := server.describe(name):
            server.untag(user["Arn"], DISABLED)
        records.drop_disabled(name)
        if _has_all(server.describe(name) or {}, kept):
            return
        # What is kept is all there is of some keys.
        records.set_disabled(name, kept.since)
    raise UserError("disabled by somebody else meanwhile", name, "ask who, then try again")


def _has_all(user: Mapping[str, Any], kept: Kept) -> bool:
    has = {held_key(each).fingerprint for each in user.get("SshPublicKeys", ())}
    return has.issuperset(key.fingerprint for key in kept.keys)
