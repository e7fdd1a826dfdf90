"""Creates and updates the template's Transfer resources through the Transfer API.

Used with engines whose CloudFormation has no `AWS::Transfer::*`; servers keep the id that `split`
has written into the rest of the template. Users that people made are not touched. Host keys come in
with the server, from the secrets the template names: see `host_keys`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from quillgate.deploy import host_keys
from quillgate.deploy.split import TransferResource, transfer_server_id
from quillgate.errors import DeployError
from quillgate.target import Client

SERVER, HOST_KEY, USER = (f"AWS::Transfer::{name}" for name in ("Server", "HostKey", "User"))

# Not AWS's: our control plane lets the deploy choose the id, which the template's outputs name.
_SERVER_ID_HEADER = "X-Quillgate-Server-Id"
_CREATE_ONLY = {"Domain", "Tags", "IdentityProviderType"}
# CloudFormation's own: the API has nothing of that name.
_NOT_OF_THE_API = "CreateWithHostKey"
_ADDRESSES = "AddressAllocationIds"
# What the template leaves out is as if it had never been there; the API would keep it.
_WHEN_LEFT_OUT = {"PreAuthenticationLoginBanner": ""}


def apply(
    client: Client,
    stack_name: str,
    resources: tuple[TransferResource, ...],
    outputs: Mapping[str, str],
) -> None:
    """Bring servers and users to what the template says; `outputs` are the rest's stack's."""
    transfer = client("transfer")
    makers: dict[str, Callable[[TransferResource, dict[str, Any]], None]] = {
        SERVER: lambda it, wanted: _apply_server(transfer, stack_name, it, wanted),
        HOST_KEY: lambda _, wanted: host_keys.ensure(transfer, client("secretsmanager"), wanted),
        USER: lambda _, wanted: _apply_user(transfer, wanted),
    }
    for resource in resources:
        if resource.type not in makers:
            raise DeployError("no stand-in for", resource.type, f"there are {', '.join(makers)}")
        try:
            makers[resource.type](resource, resource.resolved(outputs))
        except ClientError as error:
            raise DeployError(f"{resource.type} failed", resource.logical_id, str(error)) from error
    for resource in resources:
        if resource.properties.get(_NOT_OF_THE_API) is False:
            server_id = transfer_server_id(stack_name, resource.logical_id)
            host_keys.forget_the_servers_own(transfer, server_id)


def _apply_server(
    client: Any, stack_name: str, resource: TransferResource, properties: dict[str, Any]
) -> None:
    """Addresses last: the API takes them of a server that is stopped and has its subnets."""
    server_id = transfer_server_id(stack_name, resource.logical_id)
    wanted = {key: value for key, value in properties.items() if key != _NOT_OF_THE_API}
    details = dict(wanted.get("EndpointDetails", {}))
    addresses = details.pop(_ADDRESSES, [])
    if details:
        wanted["EndpointDetails"] = details
    if _exists(client.describe_server, ServerId=server_id):
        _update_server(client, server_id, wanted)
    else:
        _create_server(client, server_id, wanted)
    found = client.describe_server(ServerId=server_id)["Server"]
    if addresses and found["EndpointDetails"].get(_ADDRESSES) != addresses:
        client.stop_server(ServerId=server_id)
        client.update_server(ServerId=server_id, EndpointDetails={_ADDRESSES: addresses})
    # Also what an interrupted run has left stopped.
    client.start_server(ServerId=server_id)


def _update_server(client: Any, server_id: str, properties: dict[str, Any]) -> None:
    found = client.describe_server(ServerId=server_id)["Server"]
    before = found.get("EndpointDetails", {})
    if before.get(_ADDRESSES) and before["SubnetIds"] != _subnets(properties):
        client.stop_server(ServerId=server_id)
        client.update_server(ServerId=server_id, EndpointDetails={_ADDRESSES: []})
    cleared = {key: empty for key, empty in _WHEN_LEFT_OUT.items() if found.get(key)}
    changeable = {key: value for key, value in properties.items() if key not in _CREATE_ONLY}
    client.update_server(ServerId=server_id, **{**cleared, **changeable})
    client.tag_resource(Arn=found["Arn"], Tags=properties["Tags"])


def _create_server(client: Any, server_id: str, properties: dict[str, Any]) -> None:
    def choose_id(params: dict[str, Any], **_: object) -> None:
        params["headers"][_SERVER_ID_HEADER] = server_id

    client.meta.events.register("before-call.transfer.CreateServer", choose_id)
    try:
        client.create_server(**properties)
    finally:
        client.meta.events.unregister("before-call.transfer.CreateServer", choose_id)


def _subnets(properties: Mapping[str, Any]) -> list[str]:
    return list(properties.get("EndpointDetails", {}).get("SubnetIds", []))


def _apply_user(client: Any, properties: dict[str, Any]) -> None:
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
