"""What a stack gives to every user who is made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from sftp_watchdog.errors import http_status

from quillgate.audit import Audit
from quillgate.errors import UserError
from quillgate.operate.deployment import Deployment
from quillgate.target import Address
from quillgate.users.held import CREATED_AT, CREATED_BY
from quillgate.users.homes import Home
from quillgate.users.model import PublicKey

_FOLDERS = ("", "incoming/", "outgoing/")
# Tag values, in Transfer's documentation of tags.
_NOT_IN_TAGS = re.compile(r"[^\w .:/=+@-]", re.ASCII)
_STACK_TAGS = ("Environment", "Platform", "Function")


@dataclass(frozen=True)
class Place:
    """A stack's bucket, role and tags for users, and where customers connect to."""

    bucket: str
    role: str
    server_id: str
    address: Address
    tags: Mapping[str, str]
    s3: Any = field(repr=False)

    @classmethod
    def of(cls, deployment: Deployment) -> Place:
        """Look it up. Raises TargetError when there is no such stack."""
        target = deployment.target
        stack = target.described()
        out, parameters = stack.outputs, stack.parameters
        return cls(
            bucket=deployment.bucket,
            role=out["UserRoleArn"],
            server_id=out["ServerId"],
            address=target.sftp or Address(out["ServerEndpoint"], 22),
            tags={name: parameters[name] for name in _STACK_TAGS if name in parameters},
            s3=deployment.client("s3"),
        )

    def arguments(self, home: Home, keys: Sequence[PublicKey], audit: Audit) -> dict[str, Any]:
        """Of CreateUser, but for server and name."""
        tags = {
            **self.tags,
            CREATED_BY: _NOT_IN_TAGS.sub("_", audit.who)[:256],
            CREATED_AT: audit.ledger.now(),
        }
        return {
            "Role": self.role,
            **home.arguments(self.role.split(":")[1]),
            **({"SshPublicKeyBody": keys[0].line} if keys else {}),
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }

    def make_folders(self, home: Home) -> None:
        """The home, `incoming/` and `outgoing/`, where they are not there yet."""
        for name in _FOLDERS:
            self._make_folder(home, f"{home.folder}/{name}")

    def _make_folder(self, home: Home, key: str) -> None:
        try:
            self.s3.put_object(Bucket=home.bucket, Key=key, Body=b"", IfNoneMatch="*")
        except ClientError as error:
            # 409: somebody else makes it at this moment.
            if http_status(error) not in (409, 412):
                raise UserError("folder cannot be made", key, f"S3 said: {error}") from error
        except BotoCoreError as error:
            raise UserError("folder cannot be made", key, f"{error}: try again") from error
