"""Servers, users and keys as Transfer Family knows them. Frozen values, no behaviour of AWS here.

Field names of `settings` are the API's own (`ProtocolDetails`, `SecurityPolicyName`, ...): what a
client sends to CreateServer is what DescribeServer returns.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

# In the User-Agent of who asks again and again: its calls are logged when they fail.
WATCHING = "quillgate-watching"
HomeDirectoryType = Literal["PATH", "LOGICAL"]


@dataclass(frozen=True)
class Tag:
    """One key and its value."""

    key: str
    value: str


@dataclass(frozen=True)
class HomeMapping:
    """`entry` is what the user sees (`/reports`), `target` where it is (`/bucket/prefix`)."""

    entry: str
    target: str
    type: Literal["FILE", "DIRECTORY"] | None = None


@dataclass(frozen=True)
class SshPublicKey:
    """One key of a user: `body` is one line, `ssh-ed25519 AAAA... comment`."""

    id: str
    body: str
    imported_at: datetime

    @property
    def data(self) -> bytes:
        """The key itself, without its type's name before it and the comment behind."""
        return b64decode(self.body.split()[1])


@dataclass(frozen=True)
class User:
    """A service-managed user of one server. `home_directory` is `/bucket/prefix` when PATH."""

    server_id: str
    name: str
    arn: str
    role: str
    home_directory: str = ""
    home_directory_type: HomeDirectoryType = "PATH"
    home_mappings: tuple[HomeMapping, ...] = ()
    policy: str | None = None
    posix_profile: Mapping[str, Any] | None = None
    ssh_public_keys: tuple[SshPublicKey, ...] = ()
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True)
class HostKey:
    """One private key of a server: `pem` (OpenSSH) never leaves by the API.

    `type` is that of its public key, such as `ssh-rsa`; the server's own key has no description.
    """

    id: str
    type: str
    pem: str = field(repr=False)
    imported_at: datetime
    description: str = ""
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True)
class Server:
    """One Transfer server. `host_keys`: the oldest first."""

    id: str
    arn: str
    state: Literal["ONLINE", "OFFLINE"]
    host_keys: tuple[HostKey, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[Tag, ...] = ()

    @property
    def active_host_keys(self) -> tuple[HostKey, ...]:
        """What clients are shown: of each type the oldest (user guide, server-host-key-add)."""
        types = dict.fromkeys(key.type for key in self.host_keys)
        return tuple(next(key for key in self.host_keys if key.type == each) for each in types)

    @property
    def ignores_setstat(self) -> bool:
        """SetStatOption ENABLE_NO_OP: setstat is answered with success and changes nothing."""
        details = self.settings.get("ProtocolDetails") or {}
        return bool(details.get("SetStatOption") == "ENABLE_NO_OP")

    @property
    def security_policy(self) -> str:
        """Name of the policy that decides the SSH algorithms."""
        return str(self.settings["SecurityPolicyName"])

    @property
    def sftp_ports(self) -> tuple[int, ...]:
        """Ports the client asked for by `ProtocolDetails.SftpPorts`, possibly none."""
        details = self.settings.get("ProtocolDetails") or {}
        return tuple(int(item["SftpPort"]) for item in details.get("SftpPorts") or ())

    @property
    def log_group(self) -> str | None:
        """Name of the log group that gets structured lines: the first StructuredLogDestination."""
        arns = self.settings.get("StructuredLogDestinations") or ()
        # arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*
        return next((arn.split(":")[6] for arn in arns), None)

    @property
    def login_banner(self) -> str:
        """Shown before authentication; empty for none."""
        return str(self.settings.get("PreAuthenticationLoginBanner") or "")
