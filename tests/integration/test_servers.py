"""Servers while they serve: several at once, updated, stopped and started again."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import paramiko
import pytest

from tests.integration.support import Environment, NewUser, Sftp, eventually
from tests.integration.transfer_process import free_ports, new_server, ports_of

OLD, NEW = "TransferSecurityPolicy-2018-11", "TransferSecurityPolicy-2024-01"


def sftp_ports(*ports: int) -> dict[str, Any]:
    return {"SftpPorts": [{"SftpPort": port} for port in ports]}


def on_port(environment: Environment, port: int) -> Environment:
    return Environment({**environment.values, "sftp_port": port})


def open_upload(sftp: Sftp, content: bytes) -> paramiko.SFTPFile:
    file = sftp.open("upload", "wb")
    file.write(content)
    file.flush()
    return file


def may_log_in(environment: Environment, user: NewUser) -> bool:
    try:
        connection = socket.create_connection((environment.sftp_host, environment.sftp_port))
        with paramiko.Transport(connection) as transport:
            transport.connect(username=user.name, pkey=user.key)
    except (OSError, paramiko.SSHException):
        return False
    return True


def content_of(environment: Environment, home: str) -> bytes:
    s3 = environment.client("s3")
    found = s3.list_objects_v2(Bucket=environment.bucket, Prefix=f"{home}/")["Contents"]
    assert [each["Key"] for each in found] == [f"{home}/upload"]
    body = s3.get_object(Bucket=environment.bucket, Key=f"{home}/upload")["Body"]
    return bytes(body.read())


def test_each_server_has_its_own_ports_and_users(environment: Environment) -> None:
    *first, other = free_ports(4)
    several = new_server(environment, ProtocolDetails=sftp_ports(*first))
    second = new_server(environment, ProtocolDetails=sftp_ports(other))
    user = several.new_user()
    for port in first:
        with on_port(several, port).sftp(user) as sftp:
            assert sftp.normalize(".").endswith(user.home)
    with pytest.raises(paramiko.AuthenticationException), second.sftp(user):
        pass


def test_an_update_does_not_cut_an_upload(environment: Environment) -> None:
    server = new_server(environment, SecurityPolicyName=OLD)
    transfer = server.client("transfer")
    user, (moved,) = server.new_user(), free_ports(1)
    address = server.sftp_host, server.sftp_port
    with server.sftp(user) as sftp:
        file = open_upload(sftp, b"before, ")
        transfer.update_server(
            ServerId=server.server_id,
            SecurityPolicyName=NEW,
            PreAuthenticationLoginBanner="closed on Sundays",
            ProtocolDetails={"SetStatOption": "ENABLE_NO_OP", **sftp_ports(moved)},
        )

        def has_moved() -> None:
            assert ports_of(server)[server.server_id] == moved

        eventually(has_moved)
        with on_port(server, moved).ssh(user) as transport:
            assert transport.get_banner() == b"closed on Sundays"
            with paramiko.SFTPClient.from_transport(transport) as later:  # type: ignore[union-attr]
                later.chmod("upload", 0o600)
        with pytest.raises(ConnectionRefusedError), socket.create_connection(address):
            pass
        file.write(b"after")
        file.close()
    assert content_of(server, user.home) == b"before, after"


def test_a_stopped_server_refuses_logins_and_stores_what_it_has(environment: Environment) -> None:
    server = new_server(environment)
    transfer, user = server.client("transfer"), server.new_user()
    with server.sftp(user) as sftp:
        _held = open_upload(sftp, b"half")  # paramiko closes what nobody holds
        transfer.stop_server(ServerId=server.server_id)
        assert not may_log_in(server, user)
        eventually(lambda: _assert_same(content_of(server, user.home), b"half"))
    transfer.start_server(ServerId=server.server_id)
    eventually(lambda: _assert_same(ports_of(server)[server.server_id], server.sftp_port))
    with server.sftp(user) as sftp:
        assert sftp.listdir(".") == ["upload"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda names, transfer: transfer.delete_user(**names), id="deleted"),
        pytest.param(
            lambda names, transfer: transfer.update_user(**names, HomeDirectory="/other"),
            id="moved",
        ),
    ],
)
def test_a_session_keeps_what_its_user_was_at_login(
    environment: Environment, change: Callable[..., None]
) -> None:
    user = environment.new_user()
    with environment.sftp(user) as sftp:
        change(
            {"ServerId": environment.server_id, "UserName": user.name},
            environment.client("transfer"),
        )
        open_upload(sftp, b"whole").close()
    assert content_of(environment, user.home) == b"whole"


def test_keys_are_the_only_way_in(environment: Environment) -> None:
    user = environment.new_user()
    environment.await_user(user)
    with paramiko.Transport((environment.sftp_host, environment.sftp_port)) as transport:
        transport.start_client(timeout=10)
        with pytest.raises(paramiko.BadAuthenticationType) as caught:
            transport.auth_none(user.name)
        assert caught.value.allowed_types == ["publickey"]
        with pytest.raises(paramiko.BadAuthenticationType):
            transport.auth_password(user.name, "guess", fallback=False)
        with pytest.raises(paramiko.BadAuthenticationType):
            transport.auth_interactive(user.name, lambda *_: ["guess"])
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey(user.name, paramiko.ECDSAKey.generate())
        transport.auth_publickey(user.name, user.key)
        assert transport.is_authenticated()


def _assert_same(found: object, expected: object) -> None:
    assert found == expected
