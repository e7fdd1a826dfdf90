"""A user as Transfer describes him, and the keys he has there."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sftp_watchdog.shapes import in_utc

from quillgate.users.key_line import KeyRefusedError, public_key
from quillgate.users.model import Account, HeldKey, PublicKey
from quillgate.users.records import Kept

CREATED_BY = "quillgate:created-by"
CREATED_AT = "quillgate:created-at"
DISABLED = "quillgate:disabled"


def account(user: Mapping[str, Any], kept: Kept | None) -> Account:
    """Of what DescribeUser gave, and the keys kept of a user who is disabled.

    Of one who is between the two, somebody having been interrupted, some keys may be in Transfer
    and some be kept: all are the user's.
    """
    keys = tuple(map(held_key, user.get("SshPublicKeys", ())))
    tags = {each["Key"]: each["Value"] for each in user.get("Tags", ())}
    is_disabled = kept is not None and not keys
    there = {key.fingerprint for key in keys}
    kept_only = [key for key in (kept.keys if kept else ()) if key.fingerprint not in there]
    return Account(
        name=user["UserName"],
        home=home_of(user),
        home_type=user.get("HomeDirectoryType", "PATH"),
        role=user["Role"],
        keys=(*keys, *kept_only),
        disabled_since=kept.since if kept and is_disabled else None,
        created_by=tags.get(CREATED_BY),
        created_at=tags.get(CREATED_AT),
    )


def home_of(user: Mapping[str, Any]) -> str:
    """`/bucket/folder`; "" for several mappings, or when a list does not say."""
    if user.get("HomeDirectoryType", "PATH") == "PATH":
        return str(user.get("HomeDirectory", "")).rstrip("/") or "/"
    mappings = user.get("HomeDirectoryMappings", ())
    return str(mappings[0]["Target"]) if len(mappings) == 1 else ""


def held_key(key: Mapping[str, Any]) -> HeldKey:
    """Of one of DescribeUser's SshPublicKeys: whoever imported it, it is shown."""
    body, moment = str(key["SshPublicKeyBody"]).strip(), in_utc(key["DateImported"])
    try:
        return held(public_key(body)[0], key["SshPublicKeyId"], moment)
    except KeyRefusedError:
        type_name, _, rest = body.partition(" ")
        blob = rest.split(" ")[0]
        digest = hashlib.sha256(base64.b64decode(blob + "=" * (-len(blob) % 4))).digest()
        fingerprint = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
        return HeldKey(key["SshPublicKeyId"], type_name, 0, fingerprint, "", moment, body)


def held(key: PublicKey, key_id: str, moment: str) -> HeldKey:
    """A key that a user has."""
    return HeldKey(key_id, key.type, key.bits, key.fingerprint, key.comment, moment, key.line)


def on_record(found: Account) -> dict[str, Any]:
    """What the audit trail keeps of a user: enough to make him again, and no secret."""
    kept = asdict(found)
    kept["keys"] = [
        {"fingerprint": key.fingerprint, "line": key.line, "imported_at": key.imported_at}
        for key in found.keys
    ]
    return kept
