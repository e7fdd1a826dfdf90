"""What one row sees: a folder of its own in the shared user's home, and S3 behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import paramiko
from botocore.exceptions import ClientError

from tests.integration.conformance.client import Client
from tests.integration.conformance.row import Outcome
from tests.integration.conformance.stage import Stage
from tests.integration.raw_sftp import RawSftp
from tests.integration.support import NewUser, eventually

# Patterns and lists of values in AWS's words, which grow with its API.
MODELS_OWN = re.compile(r"(pattern: |enum value set: ).*?(?=; Value at '|$)")


class Scene(Client):
    """The client of `stage.home_user` in a fresh folder, with the ways to look behind it."""

    def __init__(self, stage: Stage, area: str, raw: RawSftp, ended: ExitStack) -> None:
        super().__init__(raw, stage.new_folder(area))
        self.stage = stage
        self._ended = ended
        self.prefix = f"{stage.home_user.home}/{self.folder}/"

    def login(self, user: NewUser | None = None, port: int | None = None) -> Client:
        """Another session, by default of the same user in the same folder."""
        raw = RawSftp(self.connect(user or self.stage.home_user, port))
        return Client(raw, "" if user else self.folder)

    def connect(self, user: NewUser, port: int | None = None) -> paramiko.Transport:
        """A connection as the user; it ends with the row."""
        return self._ended.enter_context(self.stage.connection(user, port))

    def client_of(self, policy: str | None, **arguments: Any) -> Client:
        """A session of a new user."""
        return self.login(self.stage.user(policy, **arguments))

    def login_on(self, **settings: Any) -> Client:
        """A session in the row's folder, on a server of our own with these settings."""
        server_id, port = self.stage.server(**settings)
        home = f"/{self.stage.bucket}/{self.prefix}".rstrip("/")
        return self.login(self.stage.user(ServerId=server_id, HomeDirectory=home), port)

    def api_user(self, name: str, **request: Any) -> Outcome:
        """CreateUser; the user is deleted in the end."""
        request = {"ServerId": self.stage.environment.server_id, "Role": self.stage.role, **request}
        given = {key: value for key, value in request.items() if value is not None}
        return self.refusal(lambda: self.stage.create_user(UserName=name, **given))

    def described(self, name: str) -> Any:
        """DescribeUser's answer."""
        server_id = self.stage.environment.server_id
        return self.stage.transfer.describe_user(ServerId=server_id, UserName=name)["User"]

    def stored(self, prefix: str | None = None) -> tuple[str, ...]:
        """Keys in the row's folder, without its prefix."""
        prefix = self.prefix if prefix is None else prefix
        found = self.stage.s3.list_objects_v2(Bucket=self.stage.bucket, Prefix=prefix)
        return tuple(item["Key"].removeprefix(prefix) for item in found.get("Contents", []))

    def events(self) -> tuple[str, ...]:
        """`Put a.csv`, ... in the row's folder, in order."""
        events = self.stage.events.below(self.prefix)
        return tuple(f"{name} {key.removeprefix(self.prefix)}" for name, key in events)

    def shown(self, text: str) -> str:
        """With what differs from run to run replaced: bucket, home, server."""
        home, server = self.stage.home_user.home, self.stage.environment.server_id
        names = {self.stage.bucket: "BUCKET", home: "HOME", server: "s-ID"}
        for name, word in names.items():
            text = text.replace(name, word)
        return re.sub(r"key-[0-9a-f]{17}", "key-ID", text)

    def call(self, operation: str, /, **request: Any) -> Outcome:
        """Call the Transfer API for the stack's server; `found` is its answer."""
        request = {"ServerId": self.stage.environment.server_id, **request}
        perform = getattr(self.stage.transfer, operation)
        return self.refusal(lambda: perform(**request))

    def refusal(self, call: Callable[[], Any]) -> Outcome:
        """What a boto3 call answers, or the code and words it is refused with.

        A pattern of the API's model, which AWS extends now and then, is shown as `...`.
        """
        try:
            answer = call()
        except ClientError as error:
            told = error.response["Error"]
            words = MODELS_OWN.sub(r"\1...", told.get("Message", ""))
            return Outcome(told["Code"], self.shown(words), self._resource(error.response))
        return Outcome(found=answer)

    def eventually_refused(self, user: NewUser, port: int) -> None:
        """Wait until a login is refused, by whatever part of the server."""

        def refused() -> None:
            assert self.login_outcome(user, port).code

        eventually(refused)

    def login_outcome(self, user: NewUser, port: int | None = None) -> Outcome:
        """Log in and start SFTP; the code names who refused."""
        try:
            self.login(user, port)
        except paramiko.AuthenticationException as error:
            return Outcome("authentication", str(error))
        except (paramiko.SSHException, EOFError, OSError):
            return Outcome("connection")
        return Outcome()

    def _resource(self, response: Mapping[str, Any]) -> tuple[str, str] | None:
        if "ResourceType" not in response:
            return None
        return response["ResourceType"], self.shown(response["Resource"])
