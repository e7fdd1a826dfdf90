"""The API over HTTP on loopback: what boto3 makes of the answers, and what anybody may send."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from emulator.mount.transfer_api import TUNING
from emulator.transfer.api import create_app
from emulator.transfer.store import Store

if TYPE_CHECKING:
    from types_boto3_transfer import TransferClient

NOWHERE = "s-00000000000000000"
WANTED = "s-0123456789abcdef0"
ROLE = "arn:aws:iam::000000000000:role/user"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@pytest.fixture(scope="module")
def http(transfer_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=transfer_url, trust_env=False, verify=False) as made:  # noqa: S501
        yield made


@pytest.fixture
def server_id(transfer_client: TransferClient) -> Iterator[str]:
    created = transfer_client.create_server()["ServerId"]
    yield created
    transfer_client.delete_server(ServerId=created)


def post(http: httpx.Client, operation: str, content: bytes, **headers: str) -> httpx.Response:
    target = {"X-Amz-Target": f"TransferService.{operation}"}
    return http.post("/", content=content, headers={**target, **headers})


def test_boto3_finds_all_members_of_an_error(transfer_client: TransferClient) -> None:
    with pytest.raises(transfer_client.exceptions.ResourceNotFoundException) as refused:
        transfer_client.describe_server(ServerId=NOWHERE)
    answer: dict[str, Any] = dict(refused.value.response)
    metadata = answer.pop("ResponseMetadata")
    assert metadata["HTTPStatusCode"] == 400
    assert answer == {
        "Error": {"Code": "ResourceNotFoundException", "Message": "Unknown server"},
        "Message": "Unknown server",
        "Resource": NOWHERE,
        "ResourceType": "Server",
    }


def test_boto3_knows_each_kind_of_refusal(transfer_client: TransferClient, server_id: str) -> None:
    transfer_client.create_user(ServerId=server_id, UserName="acme", Role=ROLE)
    with pytest.raises(transfer_client.exceptions.ResourceExistsException):
        transfer_client.create_user(ServerId=server_id, UserName="acme", Role=ROLE)
    with pytest.raises(transfer_client.exceptions.InvalidRequestException):
        transfer_client.create_server(Domain="EFS")
    with pytest.raises(transfer_client.exceptions.InvalidNextTokenException):
        transfer_client.list_servers(NextToken="rubbish")
    with pytest.raises(transfer_client.exceptions.ClientError) as refused:
        transfer_client.create_user(ServerId=server_id, UserName="a", Role=ROLE)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith("2 validation errors detected: Value at 'userName' failed")


def test_a_key_keeps_its_time(transfer_client: TransferClient, server_id: str) -> None:
    transfer_client.create_user(
        ServerId=server_id, UserName="acme", Role=ROLE, SshPublicKeyBody=KEY
    )
    [key] = transfer_client.describe_user(ServerId=server_id, UserName="acme")["User"][
        "SshPublicKeys"
    ]
    assert 0 <= (datetime.now(UTC) - key["DateImported"]).total_seconds() < 60


def test_the_paginator_of_boto3_sees_every_user(
    transfer_client: TransferClient, server_id: str
) -> None:
    names = [f"user{number}" for number in range(7)]
    for name in names:
        transfer_client.create_user(ServerId=server_id, UserName=name, Role=ROLE)
    pages = transfer_client.get_paginator("list_users").paginate(
        ServerId=server_id, PaginationConfig={"PageSize": 3}
    )
    assert [user["UserName"] for page in pages for user in page["Users"]] == names
    assert transfer_client.describe_server(ServerId=server_id)["Server"]["UserCount"] == 7


def test_the_header_chooses_the_id(transfer_client: TransferClient) -> None:
    def choose(request: Any, **_: object) -> None:
        request.headers["X-Quillgate-Server-Id"] = WANTED

    transfer_client.meta.events.register("before-sign.transfer.CreateServer", choose)
    try:
        assert transfer_client.create_server()["ServerId"] == WANTED
        with pytest.raises(transfer_client.exceptions.ResourceExistsException):
            transfer_client.create_server()
    finally:
        transfer_client.meta.events.unregister("before-sign.transfer.CreateServer", choose)
    transfer_client.delete_server(ServerId=WANTED)


def test_an_operation_without_output_answers_with_no_body(
    http: httpx.Client, server_id: str
) -> None:
    answer = post(http, "StopServer", json.dumps({"ServerId": server_id}).encode())
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert len(answer.headers["x-amzn-RequestId"]) == 36


def test_an_error_is_named_in_header_and_body(http: httpx.Client) -> None:
    answer = post(http, "DescribeServer", json.dumps({"ServerId": NOWHERE}).encode())
    assert answer.status_code == 400
    assert answer.headers["x-amzn-ErrorType"] == "ResourceNotFoundException"
    assert answer.json()["__type"] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "content", "status", "code"),
    [
        ("ListServers", b"{", 400, "SerializationException"),
        ("ListServers", b"\xff", 400, "SerializationException"),
        ("ListServers", b"[" * 100_000, 400, "SerializationException"),
        ("ListServers", b"7" * 5000, 400, "SerializationException"),
        ("ListServers", b"[]", 400, "SerializationException"),
        ("ListServers", b'{"MaxResults": "1"}', 400, "SerializationException"),
        ("ListServers", b'{"MaxResults": 1e99}', 400, "SerializationException"),
        ("ListServers", b" " * (16 * 1024 * 1024 + 1), 400, "SerializationException"),
        ("DescribeServer", b"", 400, "ValidationException"),
        ("MakeCoffee", b"{}", 400, "UnknownOperationException"),
        ("", b"{}", 400, "UnknownOperationException"),
        ("CreateWebApp", b"{}", 501, "NotImplementedException"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_whatever_is_sent_gets_an_answer_of_the_api(
    http: httpx.Client, operation: str, content: bytes, status: int, code: str
) -> None:
    answer = post(http, operation, content)
    assert (answer.status_code, answer.json()["__type"]) == (status, code)
    assert answer.json()["message"]


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:4567", "null"])
def test_a_web_page_gets_nothing(
    http: httpx.Client, transfer_client: TransferClient, origin: str
) -> None:
    """Whatever name has led the browser here, its own included."""
    before = len(transfer_client.list_servers()["Servers"])
    refused = post(http, "CreateServer", b"{}", Origin=origin, Host="evil.example")
    assert refused.status_code == 403
    assert refused.json()["__type"] == "AccessDeniedException"
    assert origin in refused.json()["Message"]
    assert len(transfer_client.list_servers()["Servers"]) == before


def test_health_answers_when_ready(http: httpx.Client, transfer_store: Store) -> None:
    answer = http.get("/health")
    assert answer.json() == {"status": "ready", "revision": transfer_store.revision()}


def test_calls_are_logged_without_secrets(
    http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "emulator.transfer"):
        answer = post(http, "CreateServer", b'{"HostKey": "top secret"}')
    [line] = [json.loads(record.message) for record in caplog.records]
    reason = answer.json()["Message"]
    assert line == {
        "request_id": answer.headers["x-amzn-RequestId"],
        "operation": "CreateServer",
        "outcome": "InvalidRequestException",
        "reason": reason,
    }
    assert "top secret" not in reason


def test_who_asks_each_second_does_not_fill_the_log(
    transfer_client: TransferClient, http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    url = transfer_client.meta.endpoint_url
    session = boto3.Session("test", "test", region_name="us-east-1")
    watching = session.client("transfer", endpoint_url=url, config=TUNING)
    with caplog.at_level(logging.INFO, "emulator.transfer"):
        watching.list_servers()
        transfer_client.list_servers()
        with pytest.raises(watching.exceptions.ResourceNotFoundException):
            watching.describe_server(ServerId=NOWHERE)
    watching.close()
    lines = [json.loads(record.message) for record in caplog.records]
    assert [(line["operation"], line["outcome"]) for line in lines] == [
        ("ListServers", "ok"),
        ("DescribeServer", "ResourceNotFoundException"),
    ]


def test_a_store_that_fails_is_told_and_not_hidden(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Store(tmp_path / "transfer.sqlite3")
    broken.close()
    app = create_app(broken, account_id="000000000000", region="us-east-1")

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            target = {"X-Amz-Target": "TransferService.ListServers"}
            return await http.post("/", headers=target), await http.get("/health")

    answer, health = asyncio.run(ask())
    assert answer.status_code == 500
    assert answer.json()["__type"] == "InternalServiceError"
    assert "cannot use the Transfer store" in answer.json()["Message"]
    assert health.status_code == 503
    assert [record.exc_info is not None for record in caplog.records] == [True]
