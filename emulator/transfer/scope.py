"""What an operation knows besides its request, and how it names and finds things."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.transfer.errors import NotFoundError
from emulator.transfer.model import Server, User
from emulator.transfer.store import Store

Request = Mapping[str, Any]
"""Members of a request, as the API's model has them: already validated, without nulls."""

Answer = dict[str, Any]
"""Members of a response, as the API's model has them; times are seconds since 1970."""


@dataclass(frozen=True)
class Scope:
    """The account and region served, where state is kept, and the settings.

    `wanted_server_id` is ours, not AWS's: the id that the caller asks CreateServer to give.
    """

    store: Store
    account_id: str
    region: str
    max_keys_per_user: int
    wanted_server_id: str | None = None

    def server_arn(self, server_id: str) -> str:
        """`arn:aws:transfer:<region>:<account>:server/<id>`."""
        return f"arn:aws:transfer:{self.region}:{self.account_id}:server/{server_id}"

    def user_arn(self, server_id: str, user_name: str) -> str:
        """`arn:aws:transfer:<region>:<account>:user/<server id>/<name>`."""
        return f"arn:aws:transfer:{self.region}:{self.account_id}:user/{server_id}/{user_name}"

    def need_server(self, request: Request) -> Server:
        """The server that the request names, or NotFoundError."""
        server = self.store.server(request["ServerId"])
        if server is None:
            raise NotFoundError("Server", request["ServerId"])
        return server

    def need_user(self, request: Request) -> User:
        """The user that the request names, or NotFoundError for him or his server."""
        server = self.need_server(request)
        user = self.store.user(server.id, request["UserName"])
        if user is None:
            raise NotFoundError("User", request["UserName"])
        return user


def new_id(prefix: str) -> str:
    """`prefix` and 17 random hex digits: the form of the API's ids."""
    return prefix + secrets.token_hex(9)[:17]
