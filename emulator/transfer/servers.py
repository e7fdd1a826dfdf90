"""Servers, from CreateServer to DeleteServer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from emulator.transfer import settings
from emulator.transfer.errors import ExistsError, InvalidRequestError
from emulator.transfer.host_keys import new_host_key
from emulator.transfer.model import Server
from emulator.transfer.paging import page
from emulator.transfer.scope import Answer, Request, Scope, new_id
from emulator.transfer.ssh_keys import fingerprint
from emulator.transfer.tags import described_tags, tagged

_LISTED = ("Domain", "EndpointType", "IdentityProviderType", "LoggingRole")


def create_server(scope: Scope, request: Request) -> Answer:
    """A server that is ONLINE at once; on AWS it passes through STARTING."""
    wanted = scope.wanted_server_id
    server_id = new_id("s-") if wanted is None else wanted
    if not re.fullmatch(r"s-[0-9a-f]{17}", server_id):
        raise InvalidRequestError(f"not a server id: '{server_id}' - use s- and 17 hex digits")
    server = Server(
        id=server_id,
        arn=scope.server_arn(server_id),
        state="ONLINE",
        host_keys=(new_host_key(request.get("HostKey")),),
        settings=settings.created(request),
        tags=tagged((), request.get("Tags", ())),
    )
    with scope.store.transaction() as change:
        if scope.store.server(server_id):
            raise ExistsError("Server", server_id)
        change.put_server(server)
    return {"ServerId": server_id}


def describe_server(scope: Scope, request: Request) -> Answer:
    """Everything but the host keys; the first is shown by its fingerprint."""
    server = scope.need_server(request)
    described = {
        **settings.described(server.settings),
        **_always_shown(scope, server),
        **_host_key_fingerprint(server),
        "Tags": described_tags(server.tags),
    }
    return {"Server": described}


def list_servers(scope: Scope, request: Request) -> Answer:
    """Servers by id."""
    found, more = page(
        "servers",
        request,
        fetch=lambda after, limit: scope.store.server_page(after=after, limit=limit),
        name=lambda server: server.id,
    )
    return {"Servers": [_listed(scope, server) for server in found], **more}


def update_server(scope: Scope, request: Request) -> Answer:
    """Change what is given and nothing else; a new HostKey replaces the old one."""
    with scope.store.transaction() as change:
        server = scope.need_server(request)
        online = server.state == "ONLINE"
        pem = request.get("HostKey")
        keys = (new_host_key(pem),) if pem else server.host_keys
        new_settings = settings.updated(server.settings, request, online=online)
        change.put_server(replace(server, host_keys=keys, settings=new_settings))
    return {"ServerId": server.id}


def start_server(scope: Scope, request: Request) -> Answer:
    """To ONLINE, without AWS's STARTING between; no effect on a server that is ONLINE."""
    return _move(scope, request, "ONLINE")


def stop_server(scope: Scope, request: Request) -> Answer:
    """To OFFLINE, without AWS's STOPPING between; users and keys stay."""
    return _move(scope, request, "OFFLINE")


def delete_server(scope: Scope, request: Request) -> Answer:
    """Remove a server, in whatever state it is, with its users and their keys.

    The API reference names no state that forbids it, and does not say what becomes of the users.
    """
    with scope.store.transaction() as change:
        change.delete_server(scope.need_server(request).id)
    return {}


def _move(scope: Scope, request: Request, state: Literal["ONLINE", "OFFLINE"]) -> Answer:
    with scope.store.transaction() as change:
        change.put_server(replace(scope.need_server(request), state=state))
    return {}


def _host_key_fingerprint(server: Server) -> Answer:
    """Of several keys the oldest; which one AWS shows is not written down."""
    return {"HostKeyFingerprint": fingerprint(server.host_keys[0].pem)} if server.host_keys else {}


def _listed(scope: Scope, server: Server) -> Answer:
    shown = {name: server.settings[name] for name in _LISTED if name in server.settings}
    return {**shown, **_always_shown(scope, server)}


def _always_shown(scope: Scope, server: Server) -> Answer:
    return {
        "Arn": server.arn,
        "ServerId": server.id,
        "State": server.state,
        "UserCount": scope.store.user_count(server.id),
    }
