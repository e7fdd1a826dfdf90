"""asyncssh as a client: the whole way, the old SCP protocol, and several users at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from tests.integration.support import Environment, NewUser, Quill

CLIENTS = 8
FILES = 10


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    return environment.routed_user()


@asynccontextmanager
async def logged_in(
    environment: Environment, user: NewUser, folder: Path
) -> AsyncIterator[asyncssh.SFTPClient]:
    async with (
        connected(environment, user, folder) as connection,
        connection.start_sftp_client() as sftp,
    ):
        yield sftp


@asynccontextmanager
async def connected(
    environment: Environment, user: NewUser, folder: Path
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    environment.await_user(user)
    key = folder / f"{user.name}.key"
    user.key.write_private_key_file(str(key))
    async with asyncssh.connect(
        environment.sftp_host,
        environment.sftp_port,
        username=user.name,
        client_keys=[key],
        known_hosts=None,
        config=None,
        agent_path=None,
    ) as connection:
        host_key = connection.get_server_host_key()
        assert host_key is not None
        assert environment.shows(host_key.get_fingerprint())
        yield connection


def test_a_file_goes_the_whole_way(
    environment: Environment, customer: NewUser, quill: Quill, tmp_path: Path
) -> None:
    source, name = tmp_path / "source.csv", "q3 sales+más.csv"
    source.write_text("n\n1\n2\n")

    async def send() -> list[str]:
        async with logged_in(environment, customer, tmp_path) as sftp:
            await sftp.mkdir("incoming")
            await sftp.put(source, f"incoming/{name}", preserve=True)
            return [str(each) for each in await sftp.listdir("incoming")]

    async def fetch(path: str) -> bytes:
        async with logged_in(environment, customer, tmp_path) as sftp:
            await sftp.get(path, tmp_path / "story.txt")
        return (tmp_path / "story.txt").read_bytes()

    assert name in asyncio.run(send())
    quill.accepted(f"{customer.home}/incoming/{name}")
    assert name in asyncio.run(fetch(f"outgoing/{name}.story.txt")).decode()


def test_the_old_scp_protocol_is_refused(
    environment: Environment, customer: NewUser, tmp_path: Path
) -> None:
    source = tmp_path / "source.csv"
    source.write_text("n\n")

    async def copy() -> None:
        async with connected(environment, customer, tmp_path) as connection:
            await asyncssh.scp(source, (connection, "a.csv"))

    with pytest.raises((asyncssh.ChannelOpenError, asyncssh.SFTPError)):
        asyncio.run(copy())


def test_users_at_once_lose_nothing(
    environment: Environment, new_user: Callable[..., NewUser], tmp_path: Path
) -> None:
    users = [new_user() for _ in range(CLIENTS)]
    contents = {f"{number}.bin": bytes([number]) * (number * 40_000) for number in range(FILES)}

    async def send(user: NewUser) -> None:
        async with logged_in(environment, user, tmp_path) as sftp:
            for name, content in contents.items():
                async with sftp.open(name, "wb") as file:
                    await file.write(content)

    async def send_all() -> None:
        await asyncio.gather(*map(send, users))

    asyncio.run(send_all())
    s3 = environment.client("s3")
    for user in users:
        for name, content in contents.items():
            found = s3.get_object(Bucket=environment.bucket, Key=f"{user.home}/{name}")
            assert found["Body"].read() == content
