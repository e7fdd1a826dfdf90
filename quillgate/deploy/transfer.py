"""Creates and updates the template's Transfer resources through the Transfer API.

Used with engines whose CloudFormation has no `AWS::Transfer::*`; servers keep the id that `split`
has written into the rest of the template. Users that people made are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from quillgate.deploy.split import TransferResource, transfer_server_id
from quillgate.errors import DeployError

# Not AWS's: our control plane lets the deploy choose the id, which the template's outputs name.
_SERVER_ID_HEADER = "X-Quillgate-Server-Id"
_CREATE_ONLY = {"Domain", "Tags", "IdentityProviderType"}


def apply(
    client: Any,
    stack_name: str,
    resources: tuple[TransferResource, ...],
    outputs: Mapping[str, str],
) -> None:
    """Bring servers and users to what the template says; `outputs` are the rest's stack's."""
    makers: dict[str, Callable[[Any, str, TransferResource, dict[str, Any]], None]] = {
        "AWS::Transfer::Server": _apply_server,
        "AWS::Transfer::User": _apply_user,
    }
    for resource in resources:
        if resource.type not in makers:
            raise DeployError("no stand-in for", resource.type, "only Server and User run locally")
        try:
            makers[resource.type](client, stack_name, resource, resource.resolved(outputs))
        except ClientError as error:
            raise DeployError(f"{resource.type} failed", resource.logical_id, str(error)) from error


def _apply_server(
    client: Any, stack_name: str, resource: TransferResource, properties: dict[str, Any]
) -> None:
    server_id = transfer_server_id(stack_name, resource.logical_id)
    if _exists(client.describe_server, ServerId=server_id):
        changeable = {key: value for key, value in properties.items() if key not in _CREATE_ONLY}
        client.update_server(ServerId=server_id, **changeable)
        return

    def choose_id(params: dict[str, Any], **_: object) -> None:
        params["headers"][_SERVER_ID_HEADER] = server_id

    client.meta.events.register("before-call.transfer.CreateServer", choose_id)
    try:
        client.create_server(**properties)
    finally:
        client.meta.events.unregister("before-call.transfer.CreateServer", choose_id)


def _apply_user(
    client: Any, _: str, resource: TransferResource, properties: dict[str, Any]
) -> None:
    keys = properties.pop("SshPublicKeys", [])
    identity = {"ServerId": properties["ServerId"], "UserName": properties["UserName"]}
    if _exists(client.describe_user, **identity):
        client.update_user(**{key: value for key, value in properties.items() if key != "Tags"})
    else:
        client.create_user(**properties)
    known = client.describe_user(**identity)["User"].get("SshPublicKeys", [])
    missing = {_key(body): body for body in keys}
    for known_key in known:
        missing.pop(_key(known_key["SshPublicKeyBody"]), None)
    for body in missing.values():
        client.import_ssh_public_key(**identity, SshPublicKeyBody=body)


def _key(body: str) -> tuple[str, ...]:
    """Type and key of a public key line, without its comment."""
    return tuple(body.split()[:2])


def _exists(describe: Callable[..., Any], **identity: str) -> bool:
    try:
        describe(**identity)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return True
