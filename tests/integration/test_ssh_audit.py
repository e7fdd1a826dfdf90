"""What ssh-audit says of the server: nothing that its security policy does not say itself."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.support import Environment

# AWS Transfer Family user guide, security-policies: TransferSecurityPolicy-2025-03, the stack's.
POLICY = {
    "kex": {
        "mlkem768x25519-sha256",
        "mlkem768nistp256-sha256",
        "mlkem1024nistp384-sha384",
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group-exchange-sha256",
    },
    "enc": {
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
    },
    "mac": {"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"},
    "key": {
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-256",
        "rsa-sha2-512",
    },
}
# Said by a server of what else it can do; no algorithms.
SIGNS = {"kex-strict-s-v00@openssh.com", "ext-info-s"}
# What ssh-audit holds against the algorithms themselves, and so against AWS's policy.
OF_THE_POLICY = (
    "using elliptic curves that are suspected as being backdoored",
    "does not provide protection against post-quantum attacks",
)


@pytest.fixture(scope="module")
def audit(environment: Environment) -> dict[str, Any]:
    host = f"{environment.sftp_host}:{environment.sftp_port}"
    command = [sys.executable, "-m", "ssh_audit", "--skip-rate-test", "--json", host]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    audited: dict[str, Any] = json.loads(said.stdout)
    return audited


@pytest.mark.parametrize("kind", POLICY)
def test_only_algorithms_of_the_policy_are_offered(kind: str, audit: dict[str, Any]) -> None:
    offered = {each["algorithm"] for each in audit[kind]} - SIGNS
    assert offered
    assert offered <= POLICY[kind]


@pytest.mark.parametrize("kind", POLICY)
def test_what_it_is_blamed_for_is_aws_own(kind: str, audit: dict[str, Any]) -> None:
    blamed = [
        (each["algorithm"], reason)
        for each in audit[kind]
        for grade in ("fail", "warn")
        for reason in each["notes"].get(grade, ())
    ]
    assert [each for each in blamed if not each[1].startswith(OF_THE_POLICY)] == []


def test_groups_of_group_exchange_are_large(audit: dict[str, Any]) -> None:
    exchange = "diffie-hellman-group-exchange-sha256"
    sizes = [each["keysize"] for each in audit["kex"] if each["algorithm"] == exchange]
    assert sizes
    assert min(sizes) >= 3072


def test_nothing_else_is_found(audit: dict[str, Any]) -> None:
    assert audit["cves"] == []
    assert audit["compression"] == ["none"]
    strict = {each["algorithm"] for each in audit["kex"]}
    assert "kex-strict-s-v00@openssh.com" in strict, "against Terrapin (CVE-2023-48795)"
