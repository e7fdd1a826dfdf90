"""The suite on a deployed stack: how it is found, what may run there, and that nothing stays.

Credentials, region and endpoints are boto3's ordinary ones. SFTP_HOST and SFTP_PORT stand in for
the server's own address, for a server behind a tunnel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.integration.support import Environment

SAFE = ("conformance", "test_asyncssh", "test_flow", "test_isolation", "test_sftp_operations")
OUTPUTS = (
    "BucketName",
    "ServerId",
    "ServerEndpoint",
    "UserRoleArn",
    "QueueUrl",
    "DeadLetterQueueUrl",
)


class NoStack(Exception):  # noqa: N818
    """The stack cannot be used; `str()` says why and what to do."""


def deployed(stack: str, quill_url: str | None, variables: Mapping[str, str]) -> Environment:
    """The stack as an environment; NoStack when it is not there or not ours."""
    region = boto3.Session().region_name
    if region is None:
        raise NoStack("no AWS region - set AWS_DEFAULT_REGION")
    try:
        outputs = _outputs(stack, region)
        return Environment(_values(stack, region, outputs, quill_url, variables))
    except (BotoCoreError, ClientError) as error:
        what, to_do = "cannot look at stack", "check credentials and their rights"
        if "does not exist" in str(error):
            what, to_do = "no such stack", "name another, or deploy it"
        raise NoStack(f"{what}: '{stack}' in {region} ({error}) - {to_do}") from error


def _outputs(stack: str, region: str) -> dict[str, str]:
    cloudformation = boto3.client("cloudformation", region_name=region)
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    if missing := [name for name in OUTPUTS if name not in outputs]:
        raise NoStack(f"not our stack: '{stack}' has no output {missing[0]} - name another")
    return outputs


def _values(
    stack: str,
    region: str,
    outputs: Mapping[str, str],
    quill_url: str | None,
    variables: Mapping[str, str],
) -> dict[str, Any]:
    transfer = boto3.client("transfer", region_name=region)
    server = transfer.describe_server(ServerId=outputs["ServerId"])["Server"]
    keys = transfer.list_host_keys(ServerId=outputs["ServerId"])["HostKeys"]
    return {
        "environment": "aws",
        "aws_endpoint": None,
        "transfer_endpoint": None,
        "sftp_host": variables.get("SFTP_HOST", outputs["ServerEndpoint"]),
        "sftp_port": int(variables.get("SFTP_PORT", "22")),
        "host_key_fingerprint": server["HostKeyFingerprint"].rstrip("="),
        "host_key_fingerprints": [key["Fingerprint"].rstrip("=") for key in keys],
        "quill_url": quill_url,
        "region": region,
        "access_key_id": None,
        "secret_access_key": None,
        "stack_name": stack,
        "bucket": outputs["BucketName"],
        "server_id": outputs["ServerId"],
        "user_role_arn": outputs["UserRoleArn"],
        "queue_url": outputs["QueueUrl"],
        "dead_letter_queue_url": outputs["DeadLetterQueueUrl"],
    }


@contextmanager
def left_as_found(environment: Environment) -> Iterator[Environment]:
    """Afterwards the users made are gone, and their files and routes; what others made stays."""
    try:
        yield environment
    finally:
        with ExitStack() as each:  # one that fails does not keep the others
            each.callback(environment.remove_routes)
            for server_id, name in environment.users_made:
                each.callback(_delete_user, environment, server_id, name)


def _delete_user(environment: Environment, server_id: str, name: str) -> None:
    transfer, s3 = environment.client("transfer"), environment.client("s3")
    with suppress(transfer.exceptions.ResourceNotFoundException):
        transfer.delete_user(ServerId=server_id, UserName=name)
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=environment.bucket, Prefix=f"{name}/"
    )
    for page in pages:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        versions = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        if versions:
            s3.delete_objects(Bucket=environment.bucket, Delete={"Objects": versions})


def unsafe(item: pytest.Item, *, has_quill: bool) -> str | None:
    """Why this test must not run on a deployed stack; None when it may."""
    if item.get_closest_marker("embedded"):
        return "stop, start or change parts of their environment"
    if not set(SAFE) & {*item.path.parts, item.path.stem}:
        return "are written for an environment of their own"
    if "quill" in getattr(item, "fixturenames", ()) and not has_quill:
        return "need the fake Quill: give --quill-url"
    return None
