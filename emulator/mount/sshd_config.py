"""sshd's configuration: what of a Transfer server can be said in it, and nothing else allowed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from emulator.mount import ask
from emulator.transfer.model import Server
from emulator.transfer.security_policies import Algorithms, allowed

SSH = "/usr/bin/ssh"
PORT = 2222
KEY_USER = "ak"  # names of fewer than three characters are no customer's

# AWS is not known to have extensions, and clients use what is announced: OpenSSH's own would
# rename by `posix-rename`. `limits` stays: it only tells how long a packet may be.
REFUSED = ",".join(
    (
        *("posix-rename", "statvfs", "fstatvfs", "hardlink", "fsync", "lsetstat"),
        *("expand-path", "copy-data", "home-directory", "users-groups-by-id"),
    )
)

# MaxSessions, ClientAlive and LoginGraceTime are those of the asyncssh front end.
# PerSourcePenalties: behind a published port all customers come from one address.
_FIXED = {
    "AddressFamily": "inet",
    "LogLevel": "INFO",
    "UsePAM": "no",
    "UseDNS": "no",
    "PidFile": "none",
    "DebianBanner": "no",
    "PrintMotd": "no",
    "PrintLastLog": "no",
    "AuthenticationMethods": "publickey",
    "PubkeyAuthentication": "yes",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "HostbasedAuthentication": "no",
    "GSSAPIAuthentication": "no",
    "KerberosAuthentication": "no",
    "PermitEmptyPasswords": "no",
    "PermitRootLogin": "no",
    "DenyUsers": "root sshd",
    "AuthorizedKeysFile": "none",
    "RequiredRSASize": "2048",
    "Subsystem": "sftp internal-sftp",
    "ForceCommand": f"internal-sftp -P {REFUSED}",
    "DisableForwarding": "yes",
    "AllowTcpForwarding": "no",
    "AllowStreamLocalForwarding": "no",
    "AllowAgentForwarding": "no",
    "X11Forwarding": "no",
    "GatewayPorts": "no",
    "PermitTunnel": "no",
    "PermitTTY": "no",
    "PermitUserRC": "no",
    "PermitUserEnvironment": "no",
    "Compression": "no",
    "MaxSessions": "10",
    "MaxStartups": "200",
    "PerSourcePenalties": "no",
    "LoginGraceTime": "120",
    "ClientAliveInterval": "60",
    "ClientAliveCountMax": "4",
}


def sshd_config(server: Server, homes: Path, run: Path, can: Algorithms, idle_seconds: int) -> str:
    """The whole file. `run` holds `host_key` and `banner`; `can` is what this OpenSSH has."""
    return "".join(
        f"{name} {value}\n"
        for name, value in {
            **_FIXED,
            **_algorithms(allowed(server.security_policy).among(can)),
            "Port": str(PORT),
            "HostKey": str(run / "host_key"),
            "Banner": str(run / "banner") if server.login_banner else "none",
            "ChrootDirectory": f"{homes}/%u",
            "AuthorizedKeysCommand": f'{sys.executable} -I -S {ask.__file__} keys %u %t %k "%C"',
            "AuthorizedKeysCommandUser": KEY_USER,
            "ChannelTimeout": f"global={idle_seconds}",
            "UnusedConnectionTimeout": str(idle_seconds),
        }.items()
    )


@cache
def possible() -> Algorithms:
    """What this machine's OpenSSH has."""
    return Algorithms(_query("kex"), _query("cipher"), _query("mac"), _query("sig"))


def _query(kind: str) -> tuple[str, ...]:
    command = [SSH, "-Q", kind]
    asked = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return tuple(asked.stdout.split())


def _algorithms(algorithms: Algorithms) -> Mapping[str, str]:
    signatures = ",".join(algorithms.signatures)
    return {
        "KexAlgorithms": ",".join(algorithms.kex),
        "Ciphers": ",".join(algorithms.ciphers),
        "MACs": ",".join(algorithms.macs),
        "HostKeyAlgorithms": signatures,
        "PubkeyAcceptedAlgorithms": signatures,
    }
