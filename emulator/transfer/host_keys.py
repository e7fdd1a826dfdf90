"""Host keys of servers: what clients recognise a server by.

A server may have several of one type; the oldest is the one that clients are shown. Tags of a host
key are kept and shown; TagResource knows servers and users only.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from emulator.transfer.errors import ExistsError, InvalidRequestError, NotFoundError
from emulator.transfer.model import HostKey, Server
from emulator.transfer.paging import page
from emulator.transfer.scope import Answer, Request, Scope, new_id
from emulator.transfer.ssh_keys import fingerprint, host_key, host_key_type
from emulator.transfer.tags import described_tags, tagged

# User guide, server-host-key-add.
_MOST = 10


def new_host_key(pem: str | None, description: str = "") -> HostKey:
    """The key given, or a new ED25519 one. Raises InvalidRequestError for what is no host key."""
    text = host_key(pem)
    return HostKey(new_id("hostkey-"), host_key_type(text), text, datetime.now(UTC), description)


def import_host_key(scope: Scope, request: Request) -> Answer:
    """Add a key; it is shown to clients once it is the oldest of its type."""
    if not request["HostKeyBody"]:
        raise InvalidRequestError("HostKeyBody is empty: '' - send a private key")
    key = new_host_key(request["HostKeyBody"], request.get("Description", ""))
    key = replace(key, tags=tagged((), request.get("Tags", ())))
    with scope.store.transaction() as change:
        server = scope.need_server(request)
        for known in server.host_keys:
            if fingerprint(known.pem) == fingerprint(key.pem):
                raise ExistsError("HostKey", known.id)
        if len(server.host_keys) >= _MOST:
            raise InvalidRequestError(
                f"too many host keys for server: '{server.id}' - {_MOST} are allowed, delete one"
            )
        change.put_server(replace(server, host_keys=(*server.host_keys, key)))
    return {"ServerId": server.id, "HostKeyId": key.id}


def describe_host_key(scope: Scope, request: Request) -> Answer:
    """Everything but the key."""
    server = scope.need_server(request)
    key = _need(server, request)
    tags = {"Tags": described_tags(key.tags)}
    shown = {"HostKeyFingerprint": fingerprint(key.pem), **_always_shown(scope, server, key)}
    return {"HostKey": {**shown, **tags}}


def list_host_keys(scope: Scope, request: Request) -> Answer:
    """Keys by id."""
    server = scope.need_server(request)
    keys = sorted(server.host_keys, key=lambda key: key.id)
    found, more = page(
        f"host keys of {server.id}",
        request,
        fetch=lambda after, limit: [key for key in keys if key.id > after][:limit],
        name=lambda key: key.id,
    )
    listed = [
        {"Fingerprint": fingerprint(key.pem), **_always_shown(scope, server, key)} for key in found
    ]
    return {"ServerId": server.id, "HostKeys": listed, **more}


def update_host_key(scope: Scope, request: Request) -> Answer:
    """Change a key's description."""
    with scope.store.transaction() as change:
        server = scope.need_server(request)
        key = replace(_need(server, request), description=request["Description"])
        keys = tuple(key if each.id == key.id else each for each in server.host_keys)
        change.put_server(replace(server, host_keys=keys))
    return {"ServerId": server.id, "HostKeyId": key.id}


def delete_host_key(scope: Scope, request: Request) -> Answer:
    """Remove a key; the next oldest of its type is shown from then on.

    The last one stays: what AWS does then is not written down, and nobody could connect.
    """
    with scope.store.transaction() as change:
        server = scope.need_server(request)
        gone = _need(server, request)
        kept = tuple(key for key in server.host_keys if key.id != gone.id)
        if not kept:
            raise InvalidRequestError(f"the last host key: '{gone.id}' - import another one first")
        change.put_server(replace(server, host_keys=kept))
    return {}


def _need(server: Server, request: Request) -> HostKey:
    for key in server.host_keys:
        if key.id == request["HostKeyId"]:
            return key
    raise NotFoundError("HostKey", request["HostKeyId"])


def _always_shown(scope: Scope, server: Server, key: HostKey) -> Answer:
    return {
        "Arn": f"{scope.server_arn(server.id).replace(':server/', ':host-key/')}/{key.id}",
        "HostKeyId": key.id,
        "Description": key.description,
        "Type": key.type,
        "DateImported": key.imported_at.timestamp(),
    }
