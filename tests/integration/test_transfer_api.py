"""Servers, users, keys and tags through the Transfer API: with boto3, and with the aws CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paramiko
import pytest

from tests.integration.support import Environment, NewUser, Sftp, eventually

NOWHERE = "s-00000000000000000"


@pytest.fixture
def own_server(transfer: Any) -> Iterator[str]:
    """A server that only this test knows."""
    server_id = transfer.create_server(Tags=[{"Key": "made-by", "Value": "test"}])["ServerId"]
    yield server_id
    transfer.delete_server(ServerId=server_id)


@pytest.fixture
def aws_cli(environment: Environment, tmp_path: Path) -> Callable[..., Any]:
    """The real aws CLI, with nothing of this machine's own settings; gives the JSON it prints."""
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL_TRANSFER": environment.transfer_endpoint,
        "AWS_ACCESS_KEY_ID": environment.access_key_id,
        "AWS_SECRET_ACCESS_KEY": environment.secret_access_key,
        "AWS_DEFAULT_REGION": environment.region,
        "AWS_DEFAULT_OUTPUT": "json",
        "NO_PROXY": "127.0.0.1",
    }

    def run(*arguments: str) -> Any:
        command = [str(Path(sys.executable).with_name("aws")), "transfer", *arguments]
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def a_name() -> str:
    return f"user-{uuid.uuid4().hex[:12]}"


def public_line(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def test_a_server_from_creation_to_deletion(transfer: Any, environment: Environment) -> None:
    server_id = transfer.create_server()["ServerId"]
    server = transfer.describe_server(ServerId=server_id)["Server"]
    assert server["Arn"].endswith(f":server/{server_id}")
    assert server["SecurityPolicyName"] == "TransferSecurityPolicy-2024-01"
    assert server["S3StorageOptions"] == {"DirectoryListingOptimization": "DISABLED"}
    assert server["HostKeyFingerprint"].startswith("SHA256:")
    assert server["HostKeyFingerprint"] != environment.host_key_fingerprint
    transfer.stop_server(ServerId=server_id)
    transfer.get_waiter("server_offline").wait(ServerId=server_id)
    transfer.start_server(ServerId=server_id)
    transfer.get_waiter("server_online").wait(ServerId=server_id)
    transfer.delete_server(ServerId=server_id)
    with pytest.raises(transfer.exceptions.ResourceNotFoundException) as refused:
        transfer.describe_server(ServerId=server_id)
    assert refused.value.response["Resource"] == server_id
    assert refused.value.response["ResourceType"] == "Server"


def test_an_update_changes_what_is_given(transfer: Any, own_server: str) -> None:
    transfer.update_server(
        ServerId=own_server,
        ProtocolDetails={"SetStatOption": "ENABLE_NO_OP"},
        PreAuthenticationLoginBanner="Welcome",
    )
    server = transfer.describe_server(ServerId=own_server)["Server"]
    assert server["ProtocolDetails"]["SetStatOption"] == "ENABLE_NO_OP"
    assert server["PreAuthenticationLoginBanner"] == "Welcome"
    assert server["Tags"] == [{"Key": "made-by", "Value": "test"}]


def test_the_standing_server_is_listed(transfer: Any, environment: Environment) -> None:
    pages = transfer.get_paginator("list_servers").paginate(PaginationConfig={"PageSize": 1})
    listed = {server["ServerId"]: server for page in pages for server in page["Servers"]}
    assert listed[environment.server_id]["State"] == "ONLINE"
    assert listed[environment.server_id]["UserCount"] >= 1


def test_a_user_from_creation_to_deletion(
    transfer: Any, own_server: str, environment: Environment
) -> None:
    user = {"ServerId": own_server, "UserName": "acme"}
    transfer.create_user(**user, Role=environment.user_role_arn, HomeDirectory='/b/é+ "100%"')
    line = public_line(paramiko.ECDSAKey.generate())
    key_id = transfer.import_ssh_public_key(**user, SshPublicKeyBody=line)["SshPublicKeyId"]
    described = transfer.describe_user(**user)["User"]
    assert described["HomeDirectory"] == '/b/é+ "100%"'
    [key] = described["SshPublicKeys"]
    assert (key["SshPublicKeyId"], key["SshPublicKeyBody"]) == (key_id, line)
    assert abs((datetime.now(UTC) - key["DateImported"]).total_seconds()) < 600
    transfer.delete_ssh_public_key(**user, SshPublicKeyId=key_id)
    assert transfer.describe_user(**user)["User"]["SshPublicKeys"] == []
    transfer.delete_user(**user)
    assert transfer.list_users(ServerId=own_server)["Users"] == []


def test_a_home_becomes_logical(transfer: Any, own_server: str, environment: Environment) -> None:
    user = {"ServerId": own_server, "UserName": "acme"}
    mappings = [{"Entry": "/", "Target": "/bucket/acme"}]
    transfer.create_user(**user, Role=environment.user_role_arn, HomeDirectory="/bucket/acme")
    transfer.update_user(**user, HomeDirectoryType="LOGICAL", HomeDirectoryMappings=mappings)
    described = transfer.describe_user(**user)["User"]
    assert described["HomeDirectoryType"] == "LOGICAL"
    assert described["HomeDirectoryMappings"] == mappings


def test_users_are_listed_page_by_page(
    transfer: Any, own_server: str, environment: Environment
) -> None:
    names = [f"user{number}" for number in range(7)]
    for name in names:
        transfer.create_user(ServerId=own_server, UserName=name, Role=environment.user_role_arn)
    pages = transfer.get_paginator("list_users").paginate(
        ServerId=own_server, PaginationConfig={"PageSize": 3}
    )
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [
        names[:3],
        names[3:6],
        names[6:],
    ]
    with pytest.raises(transfer.exceptions.InvalidNextTokenException):
        transfer.list_users(ServerId=own_server, NextToken="rubbish")


def test_of_concurrent_creates_exactly_one_wins(
    transfer: Any, own_server: str, environment: Environment
) -> None:
    def attempt(_: int) -> str:
        try:
            transfer.create_user(
                ServerId=own_server, UserName="acme", Role=environment.user_role_arn
            )
        except transfer.exceptions.ResourceExistsException as error:
            return str(error.response["Resource"])
        return "created"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(8)))
    assert sorted(results) == ["acme"] * 7 + ["created"]


def test_a_bad_key_is_refused_in_the_words_of_aws(transfer: Any, own_server: str) -> None:
    with pytest.raises(transfer.exceptions.ClientError) as refused:
        transfer.import_ssh_public_key(
            ServerId=own_server, UserName="acme", SshPublicKeyBody="-----BEGIN PGP-----"
        )
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith(
        "1 validation error detected: Value at 'sshPublicKeyBody' failed to satisfy constraint:"
        " Member must satisfy regular expression pattern: "
    )


def test_what_cannot_be_honoured_is_refused(transfer: Any) -> None:
    with pytest.raises(transfer.exceptions.InvalidRequestException, match="'EFS'"):
        transfer.create_server(Domain="EFS")


def test_tags_are_put_and_removed(transfer: Any, own_server: str) -> None:
    arn = transfer.describe_server(ServerId=own_server)["Server"]["Arn"]
    transfer.tag_resource(Arn=arn, Tags=[{"Key": "a b", "Value": "é+%"}])
    transfer.untag_resource(Arn=arn, TagKeys=["made-by"])
    assert transfer.list_tags_for_resource(Arn=arn)["Tags"] == [{"Key": "a b", "Value": "é+%"}]


def test_a_key_logs_in_from_its_import_to_its_deletion(
    transfer: Any,
    environment: Environment,
    new_user: Callable[..., NewUser],
    sftp: Callable[[NewUser], Sftp],
) -> None:
    user = new_user()
    environment.await_user(user)
    second = NewUser(user.name, user.home, paramiko.ECDSAKey.generate())
    with pytest.raises(paramiko.AuthenticationException):
        sftp(second)
    names = {"ServerId": environment.server_id, "UserName": user.name}
    key_id = transfer.import_ssh_public_key(**names, SshPublicKeyBody=public_line(second.key))[
        "SshPublicKeyId"
    ]
    assert eventually(lambda: sftp(second).normalize(".")).endswith(user.home)
    transfer.delete_ssh_public_key(**names, SshPublicKeyId=key_id)
    with pytest.raises(paramiko.AuthenticationException):
        sftp(second)
    assert sftp(user).normalize(".").endswith(user.home)


def test_the_aws_cli_manages_users(
    aws_cli: Callable[..., Any], environment: Environment, own_server: str
) -> None:
    name = a_name()
    user = ("--server-id", own_server, "--user-name", name)
    mappings = json.dumps([{"Entry": "/", "Target": f"/{environment.bucket}/{name}"}])
    home = ("--home-directory-type", "LOGICAL", "--home-directory-mappings", mappings)
    created = aws_cli("create-user", *user, "--role", environment.user_role_arn, *home)
    assert created == {"ServerId": own_server, "UserName": name}
    line = public_line(paramiko.ECDSAKey.generate())
    key_id = aws_cli("import-ssh-public-key", *user, "--ssh-public-key-body", line)[
        "SshPublicKeyId"
    ]
    described = aws_cli("describe-user", *user)["User"]
    assert described["HomeDirectoryMappings"] == json.loads(mappings)
    assert [key["SshPublicKeyId"] for key in described["SshPublicKeys"]] == [key_id]
    [listed] = aws_cli("list-users", "--server-id", own_server)["Users"]
    assert (listed["UserName"], listed["SshPublicKeyCount"]) == (name, 1)
    assert aws_cli("delete-ssh-public-key", *user, "--ssh-public-key-id", key_id) is None
    assert aws_cli("delete-user", *user) is None
    with pytest.raises(RuntimeError, match=r"\(ResourceNotFoundException\) .*: Unknown user"):
        aws_cli("describe-user", *user)


def test_the_aws_cli_names_a_server_that_is_not_there(aws_cli: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match=r"\(ResourceNotFoundException\) .*: Unknown server"):
        aws_cli("update-server", "--server-id", NOWHERE, "--protocols", "SFTP")
