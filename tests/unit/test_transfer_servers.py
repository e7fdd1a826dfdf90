"""Servers and tags: defaults, what is refused, host keys, states, paging."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from emulator.transfer.errors import (
    ExistsError,
    InvalidNextTokenError,
    InvalidRequestError,
    NotEmulatedError,
    NotFoundError,
    UnknownOperationError,
)
from emulator.transfer.operations import OPERATIONS, perform
from emulator.transfer.scope import Scope
from emulator.transfer.settings import created, updated
from emulator.transfer.store import Store
from tests.unit.keys import rsa_key

NOWHERE = "s-00000000000000000"
WANTED = "s-0123456789abcdef0"
Call = Callable[..., Any]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("state") / "transfer.sqlite3") as opened:
        yield opened


@pytest.fixture
def scope(store: Store) -> Iterator[Scope]:
    """Of a control plane that has no server."""
    yield Scope(store, "123456789012", "eu-west-1", 3)
    with store.transaction() as change:
        for server in store.servers():
            change.delete_server(server.id)


@pytest.fixture
def call(scope: Scope) -> Call:
    return lambda operation, **members: perform(operation, scope, members)


@pytest.fixture
def server_id(call: Call) -> str:
    return str(call("CreateServer")["ServerId"])


def describe(call: Call, server_id: str) -> dict[str, Any]:
    return dict(call("DescribeServer", ServerId=server_id)["Server"])


def pem(key: Any, form: PrivateFormat, secret: bytes = b"") -> str:
    encryption: KeySerializationEncryption = NoEncryption()
    if secret and form is PrivateFormat.OpenSSH:
        # Its best takes a tenth of a second, and it is not the strength that is tested.
        encryption = form.encryption_builder().kdf_rounds(1).build(secret)
    elif secret:
        encryption = BestAvailableEncryption(secret)
    return str(key.private_bytes(Encoding.PEM, form, encryption).decode())


def test_a_new_server_has_the_defaults_of_the_api(call: Call, server_id: str) -> None:
    server = describe(call, server_id)
    fingerprint = server.pop("HostKeyFingerprint")
    assert re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", fingerprint)
    assert re.fullmatch(r"s-[0-9a-f]{17}", server_id)
    assert server == {
        "Arn": f"arn:aws:transfer:eu-west-1:123456789012:server/{server_id}",
        "Domain": "S3",
        "EndpointType": "PUBLIC",
        "IdentityProviderType": "SERVICE_MANAGED",
        "IpAddressType": "IPV4",
        "ProtocolDetails": {
            "PassiveIp": "AUTO",
            "SetStatOption": "DEFAULT",
            "TlsSessionResumptionMode": "ENFORCED",
        },
        "Protocols": ["SFTP"],
        "S3StorageOptions": {"DirectoryListingOptimization": "DISABLED"},
        "SecurityPolicyName": "TransferSecurityPolicy-2024-01",
        "ServerId": server_id,
        "State": "ONLINE",
        "StructuredLogDestinations": [],
        "Tags": [],
        "UserCount": 0,
    }


def test_what_is_given_is_described(call: Call) -> None:
    given = {
        "SecurityPolicyName": "TransferSecurityPolicy-2025-03",
        "PreAuthenticationLoginBanner": "Hello\n",
        "StructuredLogDestinations": ["arn:aws:logs:eu-west-1:123456789012:log-group:g:*"],
        "Tags": [{"Key": "a", "Value": ""}],
    }
    server = describe(call, call("CreateServer", **given)["ServerId"])
    assert {name: server[name] for name in given} == given


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Domain": "EFS"}, "Domain is not emulated: 'EFS' - use S3"),
        ({"Protocols": ["FTPS"]}, "Protocols is not emulated: 'FTPS' - use SFTP"),
        ({"Protocols": ["SFTP", "FTP"]}, "Protocols is not emulated: 'SFTP, FTP' - use SFTP"),
        ({"IdentityProviderType": "AWS_LAMBDA"}, "'AWS_LAMBDA' - use SERVICE_MANAGED"),
        ({"IdentityProviderDetails": {"Url": "https://x"}}, "IdentityProviderDetails"),
        ({"EndpointType": "VPC_ENDPOINT"}, "'VPC_ENDPOINT' - use PUBLIC or VPC"),
        ({"EndpointType": "VPC"}, "needs EndpointDetails"),
        ({"EndpointDetails": {"VpcId": "vpc-1"}}, "do not go with EndpointType 'PUBLIC'"),
        ({"Certificate": "arn:aws:acm:x"}, "Certificate is not emulated"),
        ({"SecurityPolicyName": "TransferSecurityPolicy-1999"}, "'TransferSecurityPolicy-1999'"),
        ({"ProtocolDetails": {"SftpPorts": [{"SftpPort": 23}]}}, "SftpPort not allowed: '23'"),
        ({"ProtocolDetails": {"SftpPorts": [{"SftpPort": 22}] * 2}}, "each once"),
        (
            {"ProtocolDetails": {"ProxyConfig": {"SftpMode": "PROXY_PROTOCOL_V2_ENFORCED"}}},
            "'PROXY_PROTOCOL_V2_ENFORCED'",
        ),
        (
            {
                "WorkflowDetails": {
                    "OnUpload": [
                        {
                            "WorkflowId": "w-0123456789abcdef0",
                            "ExecutionRole": "arn:aws:iam::000000000000:role/x",
                        }
                    ]
                }
            },
            "WorkflowDetails is not emulated",
        ),
        ({"HostKey": "no key"}, "HostKey cannot be used"),
        ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "'aws:x'"),
        ({"Tags": [{"Key": "", "Value": "y"}]}, "tag key not allowed: ''"),
        ({"Tags": [{"Key": "x", "Value": "y"}] * 2}, "tag key named twice: 'x'"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(
    call: Call, members: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(message)):
        call("CreateServer", **members)
    assert call("ListServers") == {"Servers": []}


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_a_given_host_key_is_the_one_whose_fingerprint_is_shown(call: Call, kind: str) -> None:
    algorithm = {"ecdsa": "ecdsa-sha2-nistp256", "ed25519": "ssh-ed25519"}.get(kind)
    key = asyncssh.generate_private_key(algorithm) if algorithm else rsa_key()
    text = key.export_private_key("openssh" if kind == "ed25519" else "pkcs1-pem").decode()
    server = describe(call, call("CreateServer", HostKey=text)["ServerId"])
    assert server["HostKeyFingerprint"] == key.get_fingerprint()


@pytest.mark.parametrize(
    "text",
    [
        asyncssh.generate_private_key("ssh-rsa", key_size=1024)
        .export_private_key("pkcs1-pem")
        .decode(),
        pem(ed448.Ed448PrivateKey.generate(), PrivateFormat.PKCS8),
        pem(ec.generate_private_key(ec.SECP256K1()), PrivateFormat.TraditionalOpenSSL),
        pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8, b"secret"),
        pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.OpenSSH, b"secret"),
    ],
    ids=["weak RSA", "ed448", "another curve", "passphrase in PKCS8", "passphrase in OpenSSH"],
)
def test_a_host_key_of_no_use_is_refused(call: Call, text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        call("CreateServer", HostKey=text)
    assert text.splitlines()[1] not in refused.value.message


def test_the_caller_may_choose_the_id_once(scope: Scope) -> None:
    wanting = Scope(scope.store, "123456789012", "eu-west-1", 3, wanted_server_id=WANTED)
    assert perform("CreateServer", wanting, {}) == {"ServerId": WANTED}
    with pytest.raises(ExistsError) as refused:
        perform("CreateServer", wanting, {})
    assert refused.value.body["Resource"] == WANTED


@pytest.mark.parametrize("wanted", ["", "s-1", f"{WANTED}\n", "s-0123456789ABCDEF0"])
def test_a_chosen_id_must_be_one(scope: Scope, wanted: str) -> None:
    wanting = Scope(scope.store, "123456789012", "eu-west-1", 3, wanted_server_id=wanted)
    with pytest.raises(InvalidRequestError, match="not a server id"):
        perform("CreateServer", wanting, {})


def test_update_changes_what_is_given_and_nothing_else(call: Call, server_id: str) -> None:
    before = describe(call, server_id)
    details = {"ProtocolDetails": {"SetStatOption": "ENABLE_NO_OP"}}
    assert call("UpdateServer", ServerId=server_id, **details) == {"ServerId": server_id}
    after = describe(call, server_id)
    assert after["ProtocolDetails"] == {**before["ProtocolDetails"], **details["ProtocolDetails"]}
    assert {**after, "ProtocolDetails": None} == {**before, "ProtocolDetails": None}


def test_update_replaces_the_host_key_and_clears_the_logs(call: Call) -> None:
    logs = ["arn:aws:logs:eu-west-1:123456789012:log-group:g:*"]
    server_id = call("CreateServer", StructuredLogDestinations=logs)["ServerId"]
    key = asyncssh.generate_private_key("ssh-ed25519")
    pem_text = key.export_private_key().decode()
    call("UpdateServer", ServerId=server_id, HostKey=pem_text, StructuredLogDestinations=[])
    server = describe(call, server_id)
    assert server["HostKeyFingerprint"] == key.get_fingerprint()
    assert server["StructuredLogDestinations"] == []


def test_the_address_type_changes_only_while_offline(call: Call, server_id: str) -> None:
    with pytest.raises(InvalidRequestError, match="stop the server first"):
        call("UpdateServer", ServerId=server_id, IpAddressType="DUALSTACK")
    call("StopServer", ServerId=server_id)
    call("UpdateServer", ServerId=server_id, IpAddressType="DUALSTACK")
    assert describe(call, server_id)["IpAddressType"] == "DUALSTACK"


def test_an_update_that_is_refused_changes_nothing(call: Call, server_id: str) -> None:
    before = describe(call, server_id)
    with pytest.raises(InvalidRequestError):
        call("UpdateServer", ServerId=server_id, LoggingRole="", Protocols=["FTP"])
    assert describe(call, server_id) == before


def test_start_and_stop_may_be_repeated(call: Call, server_id: str) -> None:
    for operation, state in [("StopServer", "OFFLINE"), ("StartServer", "ONLINE")] * 2:
        assert call(operation, ServerId=server_id) is None
        assert call(operation, ServerId=server_id) is None
        assert describe(call, server_id)["State"] == state


@pytest.mark.parametrize(
    "operation", ["DescribeServer", "UpdateServer", "StartServer", "StopServer", "DeleteServer"]
)
def test_a_server_that_is_not_there_is_named(call: Call, operation: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        call(operation, ServerId=NOWHERE)
    assert refused.value.body == {
        "__type": "ResourceNotFoundException",
        "Message": "Unknown server",
        "Resource": NOWHERE,
        "ResourceType": "Server",
    }


def test_a_deleted_server_is_gone(call: Call, server_id: str) -> None:
    assert call("DeleteServer", ServerId=server_id) is None
    assert call("ListServers") == {"Servers": []}


def test_servers_are_listed_page_by_page(call: Call) -> None:
    made = sorted(call("CreateServer")["ServerId"] for _ in range(5))
    first = call("ListServers", MaxResults=2)
    second = call("ListServers", MaxResults=2, NextToken=first["NextToken"])
    last = call("ListServers", MaxResults=2, NextToken=second["NextToken"])
    pages = [first["Servers"], second["Servers"], last["Servers"]]
    assert [item["ServerId"] for found in pages for item in found] == made
    assert "NextToken" not in last
    assert pages[0][0] == {
        "Arn": f"arn:aws:transfer:eu-west-1:123456789012:server/{made[0]}",
        "Domain": "S3",
        "EndpointType": "PUBLIC",
        "IdentityProviderType": "SERVICE_MANAGED",
        "ServerId": made[0],
        "State": "ONLINE",
        "UserCount": 0,
    }


def test_tags_are_put_replaced_and_removed(call: Call, server_id: str) -> None:
    arn = describe(call, server_id)["Arn"]
    call("TagResource", Arn=arn, Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
    call("TagResource", Arn=arn, Tags=[{"Key": "b", "Value": "é+ %"}])
    call("UntagResource", Arn=arn, TagKeys=["a", "not there"])
    tags = [{"Key": "b", "Value": "é+ %"}]
    assert call("ListTagsForResource", Arn=arn) == {"Arn": arn, "Tags": tags}
    assert describe(call, server_id)["Tags"] == tags


def test_fifty_tags_are_the_most_and_are_listed_in_pages(call: Call, server_id: str) -> None:
    arn = describe(call, server_id)["Arn"]
    tags = [{"Key": f"{number:02}", "Value": ""} for number in range(50)]
    call("TagResource", Arn=arn, Tags=tags)
    with pytest.raises(InvalidRequestError, match="too many tags: '51'"):
        call("TagResource", Arn=arn, Tags=[{"Key": "one more", "Value": ""}])
    first = call("ListTagsForResource", Arn=arn, MaxResults=30)
    rest = call("ListTagsForResource", Arn=arn, MaxResults=30, NextToken=first["NextToken"])
    assert first["Tags"] + rest["Tags"] == tags


def test_tags_of_nothing(call: Call) -> None:
    nowhere = f"arn:aws:transfer:eu-west-1:123456789012:server/{NOWHERE}"
    with pytest.raises(NotFoundError):
        call("ListTagsForResource", Arn=nowhere)
    with pytest.raises(NotFoundError):
        call("TagResource", Arn=nowhere, Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(InvalidRequestError, match="not the ARN of a server or user"):
        call("ListTagsForResource", Arn="arn:aws:iam::123456789012:role/user")


@pytest.mark.parametrize("token", ["x", "é", "bnVsbA==", "W10=", "WzEsIDJd", "W1sxXSwgMl0="])
def test_a_token_that_is_none_is_refused(call: Call, token: str) -> None:
    with pytest.raises(InvalidNextTokenError):
        call("ListServers", NextToken=token)


def test_a_token_of_another_listing_is_refused(call: Call) -> None:
    call("CreateServer")
    server_id = call("CreateServer")["ServerId"]
    token = call("ListServers", MaxResults=1)["NextToken"]
    with pytest.raises(InvalidNextTokenError, match="another listing"):
        call("ListUsers", ServerId=server_id, NextToken=token)


def test_operations_that_are_not_there(call: Call) -> None:
    with pytest.raises(UnknownOperationError, match="'MakeCoffee'"):
        call("MakeCoffee")
    with pytest.raises(NotEmulatedError, match="'CreateWorkflow' - there are CreateServer, ") as it:
        call("CreateWorkflow")
    assert all(name in it.value.message for name in OPERATIONS)


def test_a_server_in_a_vpc_can_become_public_again() -> None:
    in_vpc = created({"EndpointType": "VPC", "EndpointDetails": {"VpcId": "vpc-1"}})
    public = updated(in_vpc, {"EndpointType": "PUBLIC"}, online=False)
    assert public["EndpointType"] == "PUBLIC"
    assert "EndpointDetails" not in public


VPC = {"VpcId": "vpc-1", "SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-00000001"]}
TWO = ["eipalloc-1", "eipalloc-2"]


@pytest.fixture
def in_vpc(call: Call) -> str:
    made = call("CreateServer", EndpointType="VPC", EndpointDetails=VPC)
    return str(made["ServerId"])


def test_addresses_are_given_to_a_server_that_is_offline(call: Call, in_vpc: str) -> None:
    wanted = {"AddressAllocationIds": TWO}
    with pytest.raises(InvalidRequestError, match=r"ONLINE: 'eipalloc-1, eipalloc-2' - stop"):
        call("UpdateServer", ServerId=in_vpc, EndpointDetails=wanted)
    call("StopServer", ServerId=in_vpc)
    call("UpdateServer", ServerId=in_vpc, EndpointDetails=wanted)
    described = call("DescribeServer", ServerId=in_vpc)["Server"]["EndpointDetails"]
    assert described == {"VpcId": "vpc-1", "SubnetIds": VPC["SubnetIds"], **wanted}


@pytest.mark.parametrize(
    ("details", "message"),
    [
        ({"AddressAllocationIds": TWO[:1]}, "differ in number: '1' and '2' - give one"),
        ({"AddressAllocationIds": TWO[:1] * 2}, "the same address twice: 'eipalloc-1, eipalloc-1'"),
        (
            {"AddressAllocationIds": TWO, "SubnetIds": ["subnet-1", "subnet-3"]},
            "SubnetIds and AddressAllocationIds cannot change at the same time",
        ),
    ],
)
def test_addresses_that_fit_nothing_are_refused(
    call: Call, in_vpc: str, details: dict[str, Any], message: str
) -> None:
    call("StopServer", ServerId=in_vpc)
    with pytest.raises(InvalidRequestError, match=message):
        call("UpdateServer", ServerId=in_vpc, EndpointDetails=details)
    shown = call("DescribeServer", ServerId=in_vpc)["Server"]["EndpointDetails"]
    assert "AddressAllocationIds" not in shown


def test_addresses_come_after_the_server(call: Call) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be set by CreateServer"):
        call(
            "CreateServer",
            EndpointType="VPC",
            EndpointDetails={**VPC, "AddressAllocationIds": TWO},
        )


def test_addresses_and_both_ip_versions_do_not_go_together(call: Call, in_vpc: str) -> None:
    call("StopServer", ServerId=in_vpc)
    call("UpdateServer", ServerId=in_vpc, EndpointDetails={"AddressAllocationIds": TWO})
    with pytest.raises(InvalidRequestError, match="do not go with IpAddressType 'DUALSTACK'"):
        call("UpdateServer", ServerId=in_vpc, IpAddressType="DUALSTACK")
