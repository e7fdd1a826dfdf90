"""Servers beside the stack's own, for what is set by server."""

from __future__ import annotations

import socket

from tests.integration.support import Environment, eventually


def another_server(environment: Environment, set_stat: str, policy: str) -> Environment:
    """Start one more server on a free port; the environment as seen through it."""
    with socket.create_server((environment.sftp_host, 0)) as free:
        port = free.getsockname()[1]
    ports = [{"SftpPort": port, "CommunicationMode": "SERVER_TALK_FIRST"}]
    transfer = environment.client("transfer")
    server_id = transfer.create_server(
        SecurityPolicyName=policy, ProtocolDetails={"SetStatOption": set_stat, "SftpPorts": ports}
    )["ServerId"]
    eventually(lambda: socket.create_connection((environment.sftp_host, port), 5).close())
    fingerprint = transfer.describe_server(ServerId=server_id)["Server"]["HostKeyFingerprint"]
    return Environment(
        {
            **environment.values,
            **{"server_id": server_id, "sftp_port": port, "host_key_fingerprint": fingerprint},
        }
    )
