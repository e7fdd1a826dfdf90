"""SSH public keys of users: ImportSshPublicKey and DeleteSshPublicKey."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from emulator.transfer.errors import ExistsError, InvalidRequestError, NotFoundError
from emulator.transfer.model import SshPublicKey, User
from emulator.transfer.scope import Answer, Request, Scope, new_id
from emulator.transfer.ssh_keys import public_key_line, same_key


def import_ssh_public_key(scope: Scope, request: Request) -> Answer:
    """Add a key to a user; it is good for the next login."""
    with scope.store.transaction() as change:
        user = scope.need_user(request)
        user, key = added(user, request["SshPublicKeyBody"], most=scope.max_keys_per_user)
        change.put_user(user)
    return {"ServerId": user.server_id, "SshPublicKeyId": key.id, "UserName": user.name}


def delete_ssh_public_key(scope: Scope, request: Request) -> Answer:
    """Remove a key of a user; sessions that used it go on, as on AWS nothing ends them."""
    with scope.store.transaction() as change:
        user = scope.need_user(request)
        key_id = request["SshPublicKeyId"]
        kept = tuple(key for key in user.ssh_public_keys if key.id != key_id)
        if len(kept) == len(user.ssh_public_keys):
            raise NotFoundError("SshPublicKey", key_id)
        change.put_user(replace(user, ssh_public_keys=kept))
    return {}


def added(user: User, body: str, *, most: int) -> tuple[User, SshPublicKey]:
    """The user with one key more, and that key.

    Raises InvalidRequestError for a bad key or one too many, ExistsError if he has it already.
    Other users may have the same key.
    """
    line = public_key_line(body)
    for key in user.ssh_public_keys:
        if same_key(key.body, line):
            raise ExistsError("SshPublicKey", key.id)
    if len(user.ssh_public_keys) >= most:
        raise InvalidRequestError(
            f"too many SSH public keys for user: '{user.name}' - {most} are allowed, delete one"
        )
    key = SshPublicKey(id=new_id("key-"), body=line, imported_at=datetime.now(UTC))
    return replace(user, ssh_public_keys=(*user.ssh_public_keys, key)), key


def described_keys(user: User) -> list[dict[str, Any]]:
    """Keys as DescribeUser shows them, the oldest first."""
    return [
        {
            "DateImported": key.imported_at.timestamp(),
            "SshPublicKeyBody": key.body,
            "SshPublicKeyId": key.id,
        }
        for key in user.ssh_public_keys
    ]
