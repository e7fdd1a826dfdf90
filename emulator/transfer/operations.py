"""The operations of the API that are emulated, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from emulator.transfer import host_keys, keys, servers, tags, users, validation
from emulator.transfer.errors import NotEmulatedError, UnknownOperationError
from emulator.transfer.scope import Answer, Request, Scope

OPERATIONS: Mapping[str, Callable[[Scope, Request], Answer]] = {
    "CreateServer": servers.create_server,
    "CreateUser": users.create_user,
    "DeleteHostKey": host_keys.delete_host_key,
    "DeleteServer": servers.delete_server,
    "DeleteSshPublicKey": keys.delete_ssh_public_key,
    "DeleteUser": users.delete_user,
    "DescribeHostKey": host_keys.describe_host_key,
    "DescribeServer": servers.describe_server,
    "DescribeUser": users.describe_user,
    "ImportHostKey": host_keys.import_host_key,
    "ImportSshPublicKey": keys.import_ssh_public_key,
    "ListHostKeys": host_keys.list_host_keys,
    "ListServers": servers.list_servers,
    "ListTagsForResource": tags.list_tags_for_resource,
    "ListUsers": users.list_users,
    "StartServer": servers.start_server,
    "StopServer": servers.stop_server,
    "TagResource": tags.tag_resource,
    "TestIdentityProvider": users.test_identity_provider,
    "UntagResource": tags.untag_resource,
    "UpdateHostKey": host_keys.update_host_key,
    "UpdateServer": servers.update_server,
    "UpdateUser": users.update_user,
}


def perform(operation: str, scope: Scope, body: object) -> Answer | None:
    """Validate `body`, the request as JSON has it, and carry out the operation.

    Returns None for an operation that AWS answers with no body. Raises TransferError.
    """
    if operation not in validation.model().operation_names:
        raise UnknownOperationError(f"no such operation: '{operation}' - see the API reference")
    if operation not in OPERATIONS:
        raise NotEmulatedError(
            f"operation not emulated: '{operation}' - there are {', '.join(OPERATIONS)}"
        )
    answer = OPERATIONS[operation](scope, validation.checked(operation, body))
    return answer if validation.model().operation_model(operation).output_shape else None
