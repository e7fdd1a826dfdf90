"""Several host keys: imported, listed, described, deleted; the oldest of a type is active."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import asyncssh
import pytest
from botocore.exceptions import ClientError

from emulator.transfer import rows
from tests.unit.keys import rsa_key
from tests.unit.sftp_fakes import HOST_KEY, a_server, host_keys

if TYPE_CHECKING:
    from types_boto3_transfer import TransferClient


def a_key(kind: str = "ssh-ed25519") -> asyncssh.SSHKey:
    return rsa_key() if kind == "ssh-rsa" else asyncssh.generate_private_key(kind)


def body(key: asyncssh.SSHKey) -> str:
    return key.export_private_key().decode()


@pytest.fixture
def server(transfer_client: TransferClient) -> Iterator[str]:
    server_id = transfer_client.create_server(HostKey=HOST_KEY)["ServerId"]
    yield server_id
    transfer_client.delete_server(ServerId=server_id)


def imported(client: TransferClient, server: str, key: asyncssh.SSHKey, said: str = "old") -> str:
    made = client.import_host_key(
        ServerId=server,
        HostKeyBody=body(key),
        Description=said,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    return made["HostKeyId"]


@pytest.mark.parametrize("kind", ["ssh-rsa", "ecdsa-sha2-nistp384", "ssh-ed25519"])
def test_an_imported_key_is_described_but_never_shown(
    transfer_client: TransferClient, server: str, kind: str
) -> None:
    key = a_key(kind)
    key_id = imported(transfer_client, server, key)
    answer = transfer_client.describe_host_key(ServerId=server, HostKeyId=key_id)
    described = answer["HostKey"]
    assert described["HostKeyFingerprint"] == key.get_fingerprint()
    assert (described["Type"], described["Description"]) == (kind, "old")
    assert described["Tags"] == [{"Key": "a", "Value": "b"}]
    assert body(key).splitlines()[1] not in json.dumps(answer, default=str)


def test_keys_are_listed_page_by_page(transfer_client: TransferClient, server: str) -> None:
    ids = {imported(transfer_client, server, a_key()) for _ in range(3)}
    listed: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = transfer_client.list_host_keys(ServerId=server, MaxResults=2, **token)
        listed += [it["HostKeyId"] for it in page["HostKeys"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(listed) == 4
    assert ids < set(listed)


def test_the_same_key_twice_too_many_and_no_key_are_refused(
    transfer_client: TransferClient, server: str
) -> None:
    key = a_key()
    imported(transfer_client, server, key)
    with pytest.raises(transfer_client.exceptions.ResourceExistsException):
        imported(transfer_client, server, key)
    for bad in ("", "no key"):
        with pytest.raises(transfer_client.exceptions.InvalidRequestException):
            transfer_client.import_host_key(ServerId=server, HostKeyBody=bad)
    for _ in range(8):
        imported(transfer_client, server, a_key())
    with pytest.raises(ClientError, match="10 are allowed"):
        imported(transfer_client, server, a_key())


def test_a_description_changes_and_a_key_goes_but_never_the_last(
    transfer_client: TransferClient, server: str
) -> None:
    [own] = transfer_client.list_host_keys(ServerId=server)["HostKeys"]
    new = imported(transfer_client, server, a_key())
    transfer_client.update_host_key(ServerId=server, HostKeyId=new, Description="new")
    transfer_client.delete_host_key(ServerId=server, HostKeyId=own["HostKeyId"])
    [left] = transfer_client.list_host_keys(ServerId=server)["HostKeys"]
    assert (left["HostKeyId"], left["Description"]) == (new, "new")
    with pytest.raises(transfer_client.exceptions.InvalidRequestException, match="the last host"):
        transfer_client.delete_host_key(ServerId=server, HostKeyId=new)
    with pytest.raises(transfer_client.exceptions.ResourceNotFoundException):
        transfer_client.describe_host_key(ServerId=server, HostKeyId=own["HostKeyId"])


def test_of_each_type_the_oldest_is_active() -> None:
    pems = [body(a_key(kind)) for kind in ("ssh-ed25519", "ssh-rsa", "ssh-ed25519")]
    server = a_server()
    keys = host_keys(*pems)
    active = type(server)(server.id, server.arn, "ONLINE", keys).active_host_keys
    assert [key.pem for key in active] == pems[:2]


def test_a_server_stored_when_it_had_one_key_keeps_it() -> None:
    document = json.loads(rows.document(a_server()))
    [key] = document.pop("host_keys")
    [kept] = rows.server(json.dumps({**document, "host_key": key["pem"]})).host_keys
    assert (kept.pem, kept.type, kept.description) == (HOST_KEY, "ssh-ed25519", "")
