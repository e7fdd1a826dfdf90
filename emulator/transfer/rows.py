"""Servers and users as the JSON documents that the store keeps, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from emulator.transfer.model import HomeMapping, HostKey, Server, SshPublicKey, Tag, User
from emulator.transfer.ssh_keys import host_key_type


def document(item: Server | User) -> str:
    """The whole value as JSON; times in ISO 8601 with their zone."""
    return json.dumps(asdict(item), default=datetime.isoformat)


def server(text: str) -> Server:
    """Inverse of `document` for a server."""
    fields: dict[str, Any] = json.loads(text)
    if "host_key" in fields:
        fields["host_keys"] = [_only_key(fields["id"], fields.pop("host_key"))]
    keys = tuple(
        HostKey(
            **{**key, "imported_at": datetime.fromisoformat(key["imported_at"]), "tags": _tags(key)}
        )
        for key in fields["host_keys"]
    )
    return Server(**{**fields, "host_keys": keys, "tags": _tags(fields)})


def user(text: str) -> User:
    """Inverse of `document` for a user."""
    fields: dict[str, Any] = json.loads(text)
    mappings = tuple(HomeMapping(**mapping) for mapping in fields["home_mappings"])
    keys = tuple(
        SshPublicKey(**{**key, "imported_at": datetime.fromisoformat(key["imported_at"])})
        for key in fields["ssh_public_keys"]
    )
    return User(
        **{**fields, "home_mappings": mappings, "ssh_public_keys": keys, "tags": _tags(fields)}
    )


def _only_key(server_id: str, pem: str) -> dict[str, Any]:
    """A key stored when a server had one and nothing was known of it."""
    since = datetime.fromtimestamp(0, UTC)
    return asdict(HostKey(server_id.replace("s-", "hostkey-"), host_key_type(pem), pem, since)) | {
        "imported_at": since.isoformat()
    }


def _tags(fields: dict[str, Any]) -> tuple[Tag, ...]:
    return tuple(Tag(**tag) for tag in fields["tags"])
