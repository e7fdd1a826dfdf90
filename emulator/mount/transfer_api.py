"""Servers and users as the Transfer API has them now; its errors become ours here alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from emulator.transfer.model import WATCHING, HomeMapping, Server, SshPublicKey, User

if TYPE_CHECKING:
    from types_boto3_transfer import TransferClient

TUNING = Config(
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=2,
    read_timeout=5,
    max_pool_connections=32,
    user_agent_extra=WATCHING,  # each second; the Transfer log is for what others do
)


class TransferError(Exception):
    """The Transfer API could not be asked, or did not answer as it should."""


@dataclass(frozen=True)
class Account:
    """What passwd needs of a user; `home` is HomeDirectory, possibly empty."""

    name: str
    home: str


class TransferApi:
    """Ask anew each time; safe to call from several threads. Raises TransferError."""

    def __init__(self, client: TransferClient) -> None:
        self._client = client

    def server(self, server_id: str) -> Server | None:
        """Describe the server, without the host key, which is never told; None for none."""
        answer = self._ask(partial(self._client.describe_server, ServerId=server_id))
        return _server(answer["Server"]) if answer else None

    def user(self, server_id: str, name: str) -> User | None:
        """Describe the user; None when there is none."""
        ask = partial(self._client.describe_user, ServerId=server_id, UserName=name)
        answer = self._ask(ask)
        return _user(server_id, answer["User"]) if answer else None

    def accounts(self, server_id: str) -> list[Account]:
        """List the server's users by name; none for a server that is gone."""
        pages = self._client.get_paginator("list_users")
        ask = partial(pages.paginate(ServerId=server_id).build_full_result)
        listed = (self._ask(ask) or {}).get("Users", ())
        return [Account(each["UserName"], each.get("HomeDirectory", "")) for each in listed]

    def server_on(self, port: int) -> str | None:
        """Give the id of the server that the Transfer service serves on this port of its own."""
        url = f"{self._client.meta.endpoint_url}/_quillgate/ports"
        with _errors(), urlopen(url, timeout=5) as answer:  # noqa: S310 - our own endpoint
            ports: dict[str, int] = json.load(answer)
        return next((name for name, number in ports.items() if number == port), None)

    def _ask(self, ask: Any) -> Any:
        with _errors():
            try:
                return ask()
            except self._client.exceptions.ResourceNotFoundException:
                return None


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError, OSError, ValueError) as error:
        raise TransferError(f"Transfer cannot be asked: '{error}' - is it running?") from error


def _server(shown: Any) -> Server:
    return Server(shown["ServerId"], shown["Arn"], shown["State"], settings=shown)


def _user(server_id: str, shown: Any) -> User:
    return User(
        server_id,
        shown["UserName"],
        shown["Arn"],
        shown["Role"],
        home_directory=shown.get("HomeDirectory", ""),
        home_directory_type=shown["HomeDirectoryType"],
        home_mappings=tuple(map(_mapping, shown.get("HomeDirectoryMappings", ()))),
        policy=shown.get("Policy"),
        posix_profile=shown.get("PosixProfile"),
        ssh_public_keys=tuple(map(_key, shown.get("SshPublicKeys", ()))),
    )


def _mapping(shown: Any) -> HomeMapping:
    return HomeMapping(shown["Entry"], shown["Target"], shown.get("Type"))


def _key(shown: Any) -> SshPublicKey:
    return SshPublicKey(shown["SshPublicKeyId"], shown["SshPublicKeyBody"], shown["DateImported"])
