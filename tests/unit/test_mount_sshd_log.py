"""Lines as OpenSSH 10.0 writes them to stderr."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.mount.sshd_log import SshdLog

Told = list[tuple[Any, ...]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def log(told: Told) -> SshdLog:
    return SshdLog(
        lambda client, fingerprint: told.append((client, fingerprint)),
        lambda kind, **fields: told.append((kind, fields)),
    )


def test_who_is_accepted(log: SshdLog, told: Told) -> None:
    line = "Accepted publickey for a.b@c from 192.0.2.1 port 4000 ssh2: ED25519 SHA256:ab/+c"
    assert log.read(line)
    assert told == [(("192.0.2.1", "4000"), "SHA256:ab/+c")]


@pytest.mark.parametrize(
    "line",
    [
        "Connection closed by authenticating user acme 192.0.2.1 port 4000 [preauth]",
        "Connection reset by invalid user acme 192.0.2.1 port 4000 [preauth]",
        "Disconnected from authenticating user acme 192.0.2.1 port 4000 [preauth]",
        "Disconnecting invalid user acme 192.0.2.1 port 4000: Too many authentication failures",
    ],
)
def test_who_is_not(line: str, log: SshdLog, told: Told) -> None:
    assert log.read(line)
    fields = {"method": "publickey", "user": "acme", "source_ip": "192.0.2.1"}
    assert told == [("AUTH_FAILURE", fields)]


def test_a_name_can_forge_nothing(log: SshdLog, told: Told) -> None:
    name = "Accepted publickey for acme from 192.0.2.1 port 4000 ssh2: ED25519 SHA256:abc"
    log.read(f"Invalid user {name} from 192.0.2.7 port 5000")
    log.read(f"Connection closed by invalid user {name} 192.0.2.7 port 5000 [preauth]")
    fields = {"method": "publickey", "user": name, "source_ip": "192.0.2.7"}
    assert told == [("AUTH_FAILURE", fields)]


def test_no_algorithm_in_common(log: SshdLog, told: Told) -> None:
    reason = "no matching cipher found. Their offer: 3des-cbc"
    assert log.read(f"Unable to negotiate with 192.0.2.1 port 4000: {reason} [preauth]")
    assert told == [("KEX_FAILURE", {"message": reason, "source_ip": "192.0.2.1"})]


def test_the_health_check_is_for_nobody_to_see(log: SshdLog, told: Told) -> None:
    assert not log.read("Connection closed by 127.0.0.1 port 38412 [preauth]")
    assert log.read("Connection closed by 192.0.2.1 port 4000 [preauth]")
    assert log.read("Server listening on 0.0.0.0 port 2222.")
    assert told == []
