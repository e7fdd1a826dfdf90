"""The template's Transfer resources, brought to the real control plane with boto3."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest

from quillgate.deploy import host_keys
from quillgate.deploy.addresses import Address
from quillgate.deploy.split import TransferResource, is_split_output, split, transfer_server_id
from quillgate.deploy.transfer import apply
from quillgate.errors import DeployError
from quillgate.target import Client
from tests.unit.keys import rsa_key
from tests.unit.production import TEMPLATE
from tests.unit.secrets_fakes import Secrets

if TYPE_CHECKING:
    from types_boto3_transfer import TransferClient
    from types_boto3_transfer.type_defs import DescribedServerTypeDef, DescribedUserTypeDef

DEFAULTS = {name: str(it.get("Default")) for name, it in TEMPLATE["Parameters"].items()}
STACK = "local-quillgate-sftp"
SERVER_ID = transfer_server_id(STACK, "Server")
ROLE = "arn:aws:iam::000000000000:role/user"
LOG_GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/transfer/test:*"
Deploy = Callable[..., None]
ADDRESSES = {f"Address{n}": Address(f"eipalloc-0000000{n}", f"52.0.0.{n}") for n in (1, 2, 3)}
VPC = {
    "VpcId": "vpc-00000001",
    "EndpointSubnet1": "subnet-00000001",
    "EndpointSubnet2": "subnet-00000002",
}
GIVEN = {
    "AddressAllocation1": "eipalloc-0000000a",
    "AddressAllocation2": "eipalloc-0000000b",
}


def public_key(comment: str = "") -> str:
    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment or None)
    return key.export_public_key().decode().strip()


KEY, OTHER_KEY = public_key("testuser@quillgate"), public_key()


def resources(**given: str) -> tuple[tuple[TransferResource, ...], dict[str, str]]:
    """Those of the real template, and what an engine would make of its outputs."""
    parts = split(TEMPLATE, {"QuillUrl": "", "QuillToken": "", **given}, STACK, ADDRESSES)
    outputs = {
        name: _resolved(it["Value"], {**DEFAULTS, **given})
        for name, it in parts.rest["Outputs"].items()
        if is_split_output(name)
    }
    return parts.transfer, outputs


def _resolved(value: dict[str, Any], parameters: dict[str, str]) -> str:
    match value:
        case {"Ref": name}:
            return parameters[name]
        case {"Fn::GetAtt": ["ServerLogGroup", "Arn"]}:
            return LOG_GROUP
        case {"Fn::GetAtt": ["EndpointSecurityGroup", "GroupId"]}:
            return "sg-00000001"
        case {"Fn::GetAtt": ["UserRole", "Arn"]}:
            return ROLE
        case {"Fn::Sub": [text, variables]}:
            for name, literal in variables.items():
                text = text.replace(f"${{{name}}}", literal)
            return _resolved({"Fn::Sub": text}, parameters)
        case {"Fn::Sub": text}:
            known = {"AWS::Partition": "aws", "UploadsBucket": "bucket", **parameters}
            return re.sub(r"\$\{([\w:]+)\}", lambda m: known.get(m[1], m[0]), text)
    raise AssertionError(value)


SECRETS = Secrets()


def clients(transfer: TransferClient) -> Client:
    known: dict[str, Any] = {"transfer": transfer, "secretsmanager": SECRETS}
    return lambda name: known[name]


@pytest.fixture
def deploy(transfer_client: TransferClient) -> Iterator[Deploy]:
    def deploy(**given: str) -> None:
        wanted, outputs = resources(**given)
        apply(clients(transfer_client), STACK, wanted, outputs)

    yield deploy
    transfer_client.delete_server(ServerId=SERVER_ID)


@pytest.fixture
def server(transfer_client: TransferClient) -> Callable[[], DescribedServerTypeDef]:
    return lambda: transfer_client.describe_server(ServerId=SERVER_ID)["Server"]


@pytest.fixture
def user(transfer_client: TransferClient) -> Callable[..., DescribedUserTypeDef]:
    return lambda name="testuser": transfer_client.describe_user(ServerId=SERVER_ID, UserName=name)[
        "User"
    ]


def keys(user: DescribedUserTypeDef) -> set[str]:
    return {key["SshPublicKeyBody"] for key in user["SshPublicKeys"]}


def test_the_server_gets_its_id_and_what_the_template_says(
    deploy: Deploy, server: Callable[[], Any]
) -> None:
    deploy()
    described = server()
    assert described["ServerId"] == SERVER_ID
    assert described["ProtocolDetails"]["SetStatOption"] == "ENABLE_NO_OP"
    assert described["StructuredLogDestinations"] == [LOG_GROUP]
    assert {tag["Key"]: tag["Value"] for tag in described["Tags"]} == {
        "Environment": "dev",
        "Platform": "quillgate",
        "Function": "sftp",
    }


def test_the_test_user_gets_home_key_and_a_policy_with_variables(
    deploy: Deploy, user: Callable[..., Any]
) -> None:
    deploy(TestUserPublicKey=KEY)
    described = user()
    assert (described["HomeDirectory"], described["Role"]) == ("/bucket/testuser", ROLE)
    assert keys(described) == {KEY}
    statement = json.loads(described["Policy"])["Statement"][1]
    assert statement["Resource"] == "arn:aws:s3:::${transfer:HomeDirectory}/*"


def test_a_second_run_changes_nothing(
    deploy: Deploy, server: Callable[[], Any], user: Callable[..., Any]
) -> None:
    deploy(TestUserPublicKey=KEY)
    before = server(), user()
    deploy(TestUserPublicKey=KEY)
    assert (server(), user()) == before


def test_a_change_of_the_template_arrives(
    deploy: Deploy, server: Callable[[], Any], user: Callable[..., Any]
) -> None:
    deploy(TestUserPublicKey=KEY)
    host_key = server()["HostKeyFingerprint"]
    deploy(TestUserPublicKey=KEY, SetStatOption="DEFAULT", LoginBanner="hello")
    described = server()
    assert described["ProtocolDetails"]["SetStatOption"] == "DEFAULT"
    assert described["PreAuthenticationLoginBanner"] == "hello"
    assert described["HostKeyFingerprint"] == host_key
    assert keys(user()) == {KEY}
    deploy(TestUserPublicKey=KEY)
    assert server().get("PreAuthenticationLoginBanner", "") == ""


def test_a_key_is_known_by_its_key_and_not_by_its_comment(
    deploy: Deploy, user: Callable[..., Any]
) -> None:
    deploy(TestUserPublicKey=KEY)
    deploy(TestUserPublicKey=" ".join(KEY.split()[:2]) + " another comment")
    assert keys(user()) == {KEY}


def test_a_new_key_comes_beside_those_that_people_use(
    deploy: Deploy, user: Callable[..., Any]
) -> None:
    deploy(TestUserPublicKey=KEY)
    deploy(TestUserPublicKey=OTHER_KEY)
    assert keys(user()) == {KEY, OTHER_KEY}


def test_a_key_whose_import_was_cut_off_is_imported_by_the_next_run(
    deploy: Deploy, user: Callable[..., Any], transfer_client: TransferClient
) -> None:
    deploy()
    transfer_client.create_user(ServerId=SERVER_ID, UserName="testuser", Role=ROLE)
    deploy(TestUserPublicKey=KEY)
    assert keys(user()) == {KEY}
    assert user()["HomeDirectory"] == "/bucket/testuser"


def test_users_that_people_made_are_not_touched(
    deploy: Deploy, user: Callable[..., Any], transfer_client: TransferClient
) -> None:
    deploy()
    transfer_client.create_user(
        ServerId=SERVER_ID, UserName="acme", Role=ROLE, SshPublicKeyBody=OTHER_KEY
    )
    before = user("acme")
    deploy(TestUserPublicKey=KEY)
    assert user("acme") == before


def test_servers_that_people_make_later_get_ids_of_their_own(
    deploy: Deploy, transfer_client: TransferClient
) -> None:
    deploy()
    other = transfer_client.create_server()["ServerId"]
    transfer_client.delete_server(ServerId=other)
    assert other != SERVER_ID


def test_what_is_refused_names_the_resource(deploy: Deploy) -> None:
    with pytest.raises(
        DeployError, match=r"^AWS::Transfer::User failed: 'TestUser' - .*InvalidReq"
    ):
        deploy(TestUserPublicKey="ssh-ed25519 rubbish")


def test_a_resource_without_stand_in_is_named(transfer_client: TransferClient) -> None:
    (server,), outputs = resources()
    connector = replace(server, type="AWS::Transfer::Connector")
    with pytest.raises(DeployError) as refused:
        apply(clients(transfer_client), STACK, (connector,), outputs)
    assert str(refused.value) == (
        "no stand-in for: 'AWS::Transfer::Connector' - there are AWS::Transfer::Server, "
        "AWS::Transfer::HostKey, AWS::Transfer::User"
    )


def test_a_server_in_a_vpc_has_an_address_for_each_subnet(
    deploy: Deploy, server: Callable[[], Any]
) -> None:
    deploy(**VPC)
    described = server()
    assert (described["EndpointType"], described["State"]) == ("VPC", "ONLINE")
    assert described["EndpointDetails"] == {
        "VpcId": "vpc-00000001",
        "SubnetIds": ["subnet-00000001", "subnet-00000002"],
        "AddressAllocationIds": ["eipalloc-00000001", "eipalloc-00000002"],
    }


def test_a_public_server_moves_into_a_vpc_gets_other_addresses_and_comes_back(
    deploy: Deploy, server: Callable[[], Any]
) -> None:
    deploy()
    deploy(**VPC)
    deploy(**VPC, **GIVEN)
    assert server()["EndpointDetails"]["AddressAllocationIds"] == list(GIVEN.values())
    deploy(**VPC, EndpointSubnet3="subnet-00000003")
    assert len(server()["EndpointDetails"]["AddressAllocationIds"]) == 3
    assert server()["State"] == "ONLINE"
    deploy()
    assert server()["State"] == "ONLINE"
    assert "EndpointDetails" not in server()


def host_key_files(folder: Path) -> dict[str, Path]:
    """What `ssh-keygen` makes for a server, by kind."""
    made = {
        "Rsa": rsa_key(),
        "Ecdsa": asyncssh.generate_private_key("ecdsa-sha2-nistp256"),
        "Ed25519": asyncssh.generate_private_key("ssh-ed25519"),
    }
    files = {kind: folder / f"ssh_host_{kind.lower()}_key" for kind in made}
    for kind, key in made.items():
        key.write_private_key(files[kind])
    return files


def test_the_old_servers_host_keys_are_the_only_ones_and_stay_on_a_second_run(
    deploy: Deploy, transfer_client: TransferClient, tmp_path: Path
) -> None:
    old = [host_keys.read(file) for file in host_key_files(tmp_path).values()]
    given = host_keys.store(SECRETS, "dev/quillgate/sftp", old)
    for _ in range(2):
        deploy(**given)
        listed = transfer_client.list_host_keys(ServerId=SERVER_ID)["HostKeys"]
        assert {it["Fingerprint"] for it in listed} == {key.fingerprint for key in old}


def test_without_old_host_keys_the_server_has_one_of_its_own(
    deploy: Deploy, transfer_client: TransferClient
) -> None:
    deploy()
    [own] = transfer_client.list_host_keys(ServerId=SERVER_ID)["HostKeys"]
    assert own["Type"] == "ssh-ed25519"
