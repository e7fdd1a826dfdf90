"""Service-managed users, from CreateUser to DeleteUser."""

from __future__ import annotations

import json
from dataclasses import replace

from emulator.transfer import homes
from emulator.transfer.errors import ExistsError, InvalidRequestError
from emulator.transfer.keys import added, described_keys
from emulator.transfer.model import User
from emulator.transfer.paging import page
from emulator.transfer.scope import Answer, Request, Scope
from emulator.transfer.tags import described_tags, tagged


def create_user(scope: Scope, request: Request) -> Answer:
    """A user with at most one key; more are added by ImportSshPublicKey."""
    server_id, name = request["ServerId"], request["UserName"]
    blank = User(server_id, name, arn=scope.user_arn(server_id, name), role=request["Role"])
    user = _changed(blank, request)
    user = replace(user, tags=tagged((), request.get("Tags", ())))
    if "SshPublicKeyBody" in request:
        user, _ = added(user, request["SshPublicKeyBody"], most=scope.max_keys_per_user)
    with scope.store.transaction() as change:
        scope.need_server(request)
        if scope.store.user(server_id, name):
            raise ExistsError("User", name)
        change.put_user(user)
    return _named(user)


def describe_user(scope: Scope, request: Request) -> Answer:
    """Everything there is about a user; what was never given is left out."""
    user = scope.need_user(request)
    described = {
        **_shown(user),
        **homes.described(homes.home_of(user)),
        "SshPublicKeys": described_keys(user),
        "Tags": described_tags(user.tags),
    }
    if user.policy is not None:
        described["Policy"] = user.policy
    if user.posix_profile is not None:
        described["PosixProfile"] = dict(user.posix_profile)
    return {"ServerId": user.server_id, "User": described}


def list_users(scope: Scope, request: Request) -> Answer:
    """Users by name."""
    server_id = scope.need_server(request).id
    found, more = page(
        f"users of {server_id}",
        request,
        fetch=lambda after, limit: scope.store.user_page(server_id, after=after, limit=limit),
        name=lambda user: user.name,
    )
    return {"ServerId": server_id, "Users": [_listed(user) for user in found], **more}


def update_user(scope: Scope, request: Request) -> Answer:
    """Change home, policy, role and POSIX profile as given; keys and tags stay."""
    with scope.store.transaction() as change:
        user = _changed(scope.need_user(request), request)
        change.put_user(user)
    return _named(user)


def delete_user(scope: Scope, request: Request) -> Answer:
    """Remove a user and his keys; what he uploaded stays."""
    with scope.store.transaction() as change:
        user = scope.need_user(request)
        change.delete_user(user.server_id, user.name)
    return {}


def test_identity_provider(scope: Scope, request: Request) -> Answer:
    """Refuse: every server here keeps its own users. The words are the API reference's."""
    server = scope.need_server(request)
    raise InvalidRequestError(f"{server.id} not configured for external auth")


def _changed(user: User, request: Request) -> User:
    home = homes.changed(homes.home_of(user), request)
    return replace(
        user,
        role=request.get("Role", user.role),
        home_directory=home.directory,
        home_directory_type=home.type,
        home_mappings=home.mappings,
        policy=_policy(request["Policy"]) if "Policy" in request else user.policy,
        posix_profile=request.get("PosixProfile", user.posix_profile),
    )


def _policy(text: str) -> str | None:
    """The empty text takes the policy away. IAM judges the rest when the user logs in."""
    if not text:
        return None
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(
            f"Policy is not JSON: '{text[:40]}' ({error}) - mend it"
        ) from error
    if not isinstance(policy, dict):
        raise InvalidRequestError(f"Policy is no JSON object: '{text[:40]}' - send an IAM policy")
    return text


def _named(user: User) -> Answer:
    return {"ServerId": user.server_id, "UserName": user.name}


def _shown(user: User) -> Answer:
    return {"Arn": user.arn, "Role": user.role, "UserName": user.name}


def _listed(user: User) -> Answer:
    home = homes.described(homes.home_of(user))
    home.pop("HomeDirectoryMappings", None)
    return {**_shown(user), **home, "SshPublicKeyCount": len(user.ssh_public_keys)}
