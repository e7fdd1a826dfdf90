"""Servers and users as the JSON documents that the store keeps, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from emulator.transfer.model import HomeMapping, Server, SshPublicKey, Tag, User


def document(item: Server | User) -> str:
    """The whole value as JSON; times in ISO 8601 with their zone."""
    return json.dumps(asdict(item), default=datetime.isoformat)


def server(text: str) -> Server:
    """Inverse of `document` for a server."""
    fields: dict[str, Any] = json.loads(text)
    return Server(**{**fields, "tags": _tags(fields)})


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


def _tags(fields: dict[str, Any]) -> tuple[Tag, ...]:
    return tuple(Tag(**tag) for tag in fields["tags"])
