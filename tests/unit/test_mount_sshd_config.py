from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from emulator.mount.sshd_config import sshd_config
from emulator.transfer.model import Server
from emulator.transfer.security_policies import CTR, CURVE, ETM, GCM, PREFIX, SIGNATURES, Algorithms
from tests.unit.sftp_fakes import a_server

HAS = Algorithms(
    (*CURVE, "sntrup761x25519-sha512"), (*GCM, "3des-cbc", *CTR), (*ETM, "hmac-md5"), SIGNATURES
)


def settings(server: Server) -> dict[str, str]:
    text = sshd_config(server, Path("/homes"), Path("/run/x"), HAS, idle_seconds=90)
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    names = [name.lower() for name, _ in lines]
    assert len(names) == len(set(names)), "sshd would take the first only"
    return dict(lines)


def test_algorithms_are_those_of_policy_and_openssh() -> None:
    said = settings(a_server(policy="2025-03"))
    assert said["KexAlgorithms"].split(",") == [*CURVE]
    assert said["Ciphers"].split(",") == [*CTR, *GCM]
    assert said["MACs"].split(",") == [*ETM]
    assert said["HostKeyAlgorithms"] == said["PubkeyAcceptedAlgorithms"] == ",".join(SIGNATURES)


def test_an_older_policy_offers_what_it_says() -> None:
    server = a_server(policy="2022-03")
    assert "aes128-ctr" not in settings(server)["Ciphers"]
    other = replace(server, settings={"SecurityPolicyName": PREFIX + "2024-01"})
    assert "aes128-ctr" in settings(other)["Ciphers"]


def test_users_are_shut_in_and_their_keys_asked_for() -> None:
    said = settings(a_server())
    assert said["ChrootDirectory"] == "/homes/%u"
    assert said["HostKey"] == "/run/x/host_key"
    command = said["AuthorizedKeysCommand"].split()
    assert command[0] == sys.executable
    assert Path(command[3]).is_file()
    assert command[4:] == ["keys", "%u", "%t", "%k", '"%C"']


def test_banner_only_when_there_is_one() -> None:
    assert settings(a_server())["Banner"] == "none"
    with_banner = a_server(PreAuthenticationLoginBanner="for\nyour eyes %u only")
    assert settings(with_banner)["Banner"] == "/run/x/banner"


def test_idle_connections_end() -> None:
    said = settings(a_server())
    assert said["ChannelTimeout"] == "global=90"
    assert said["UnusedConnectionTimeout"] == "90"
