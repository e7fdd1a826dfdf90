"""The scene of one client and one operation, and the record of what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.integration.clients.client import Client, Login
from tests.integration.clients.outcome import RECORD, Outcomes
from tests.integration.support import Environment, NewUser
from tests.integration.transfer_process import new_server


@pytest.fixture(scope="session")
def servers(environment: Environment) -> Callable[[str, str | None], Environment]:
    """The environment as seen through a server with this SetStatOption and security policy."""
    transfer = environment.client("transfer")
    own = transfer.describe_server(ServerId=environment.server_id)["Server"]

    @cache
    def server(set_stat: str, policy: str | None) -> Environment:
        policy = policy or own["SecurityPolicyName"]
        if (set_stat, policy) == (
            own["ProtocolDetails"]["SetStatOption"],
            own["SecurityPolicyName"],
        ):
            return environment
        return new_server(
            environment, SecurityPolicyName=policy, ProtocolDetails={"SetStatOption": set_stat}
        )

    return server


def login_files(environment: Environment, user: NewUser, folder: Path) -> Login:
    """What clients need of a login, as files in `folder`; the host key is checked on the way."""
    key, hosts, own = folder / "key", folder / "known_hosts", folder / "own"
    own.mkdir()
    user.key.write_private_key_file(str(key))
    host, port = environment.sftp_host, environment.sftp_port
    with environment.ssh(user) as transport:
        host_key = transport.get_remote_server_key()
    hosts.write_text(f"[{host}]:{port} {host_key.get_name()} {host_key.get_base64()}\n")
    return Login(host, port, user.name, key, hosts, environment.host_key_fingerprint, own)


@pytest.fixture(scope="session")
def clients(
    servers: Callable[[str, str | None], Environment], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[type[Client], str], Client]]:
    """Each client, logged in as a user of its own to a server with this SetStatOption."""
    with ExitStack() as stack:

        @cache
        def client(kind: type[Client], set_stat: str) -> Client:
            server = servers(set_stat, kind.security_policy)
            login = login_files(server, server.new_user(), tmp_path_factory.mktemp("client"))
            made = kind(login)
            stack.callback(made.close)
            return made

        yield client


@pytest.fixture(scope="session")
def outcomes() -> Iterator[Outcomes]:
    """What became of each cell, kept for the table."""
    outcomes = Outcomes()
    yield outcomes
    outcomes.write(RECORD)
