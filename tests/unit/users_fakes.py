"""A stack whose users are kept by our own Transfer control plane, in this process."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sftp_watchdog.ledger import Ledger

from emulator.transfer.errors import TransferError
from emulator.transfer.operations import perform
from emulator.transfer.scope import Scope
from emulator.transfer.store import Store
from quillgate.audit import Audit
from quillgate.operate.deployment import Deployment
from quillgate.target import Address, Target
from quillgate.users.directory import Directory
from quillgate.users.keys import read_keys
from quillgate.users.model import PublicKey
from tests.unit.watchdog_fakes import FakeBucket

BUCKET = "uploads-1"
ROLE = "arn:aws:iam::123456789012:role/user"


class Killed(BaseException):
    """The process ends here."""


class _NotFoundError(ClientError):
    pass


class _ExistsError(ClientError):
    pass


_READING = ("List", "Describe")
_SHAPES = {"ResourceNotFoundException": _NotFoundError, "ResourceExistsException": _ExistsError}


class Fate:
    """Ends the process before something is changed in Transfer or the ledger, counted from 0.

    `error` is what it raises: a server's request ends with it, not the server.
    """

    def __init__(self, error: type[BaseException] = Killed) -> None:
        self.error = error
        self._left: int | None = None
        self._meanwhile: Callable[[], object] | None = None

    def strike(self, at: int) -> None:
        self._left = at

    def meanwhile(self, at: int, act: Callable[[], object]) -> None:
        """Somebody else does that then, and it goes on."""
        self._left, self._meanwhile = at, act

    def spare(self) -> None:
        self._left = None

    def step(self) -> None:
        """Once it has struck, nothing more is changed."""
        if self._left is None:
            return
        if self._left == 0 and (act := self._meanwhile):
            self._left = self._meanwhile = None
            act()
            return
        if self._left == 0:
            raise self.error
        self._left -= 1


class MortalBucket(FakeBucket):
    """The ledger's bucket, written by a process that may end."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    def put_object(self, **request: Any) -> dict[str, Any]:
        self._fate.step()
        return super().put_object(**request)

    def delete_object(self, **request: Any) -> None:
        self._fate.step()
        super().delete_object(**request)


class FakeTransfer:
    """boto3's client of Transfer; `calls` are the operations asked for, reading ones too."""

    exceptions = SimpleNamespace(**_SHAPES)

    def __init__(self, store: Store, fate: Fate) -> None:
        self._scope = Scope(store, "123456789012", "eu-west-1", 5)
        self._fate = fate
        self.calls: list[str] = []
        self.failure: Exception | None = None

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        operation = "".join(word.capitalize() for word in name.split("_"))
        return lambda **members: self._call(operation, members)

    @property
    def writes(self) -> list[str]:
        return [each for each in self.calls if not each.startswith(_READING)]

    def _call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(operation)
        if self.failure:
            raise self.failure
        if not operation.startswith(_READING):
            self._fate.step()
        try:
            answer = perform(operation, self._scope, members) or {}
        except TransferError as error:
            shape = _SHAPES.get(error.code, ClientError)
            response: Any = {"Error": {"Code": error.code, "Message": error.message}}
            raise shape(response, operation) from error
        for key in answer.get("User", {}).get("SshPublicKeys", ()):
            key["DateImported"] = datetime.fromtimestamp(key["DateImported"], UTC)
        return answer


class Clock:
    """Goes on by a second at each look."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


class Stack:
    """A stack with a server, a bucket of uploads and a ledger."""

    def __init__(self, store: Store) -> None:
        self.fate = Fate()
        self.transfer = FakeTransfer(store, self.fate)
        self.server_id = self.transfer.create_server()["ServerId"]
        self.transfer.calls.clear()
        self.uploads, self.records = FakeBucket(), MortalBucket(self.fate)
        self.ledger = Ledger(cast("Any", self.records), "ledger-1", Clock())
        services = {
            "transfer": self.transfer,
            "s3": self.uploads,
            "cloudformation": SimpleNamespace(describe_stacks=self._describe),
        }
        address = Address("sftp.example.com", 2222)
        target = Target("embedded", "stack-1", services.__getitem__, address)
        self.deployment = Deployment(
            target, "dev-quillgate-sftp", BUCKET, "http://queue", "http://dead", self.ledger
        )
        self.directory = Directory.of(self.deployment, self.audit())

    def audit(self, who: str = "kim") -> Audit:
        return Audit(self.ledger, who)

    def trail(self) -> list[tuple[str, str, str]]:
        """What was done to whom and how it ended, oldest first."""
        changes = self.audit().newest(1000).changes
        return [(each.what, each.about, each.result) for each in reversed(changes)]

    def _describe(self, **_: Any) -> dict[str, Any]:
        outputs = {"ServerId": self.server_id, "UserRoleArn": ROLE, "BucketName": BUCKET}
        found = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        named = [{"ParameterKey": "Environment", "ParameterValue": "dev"}]
        return {"Stacks": [{"Outputs": found, "Parameters": named}]}


def line(comment: str = "") -> str:
    """A new key's line."""
    key = Ed25519PrivateKey.generate().public_key()
    return f"{key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()} {comment}".strip()


def new_key(comment: str = "") -> PublicKey:
    """A new key, as it was pasted."""
    [key] = read_keys(line(comment)).keys
    return key


def new_keys() -> Iterator[PublicKey]:
    while True:
        yield new_key()


def pieces(text: str, length: int) -> list[str]:
    """The text as a mail program breaks it."""
    return [text[at : at + length] for at in range(0, len(text), length)]


def body(text: str) -> bytes:
    """The bytes of a key's line."""
    return base64.b64decode(text.split()[1])
