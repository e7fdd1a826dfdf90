from __future__ import annotations

import logging

import pytest

from emulator.sftp.algorithms import CHACHA, CTR, DEFAULT, ETM, GCM, QUANTUM, algorithms

PREFIX = "TransferSecurityPolicy-"


def test_newest_policy_offers_post_quantum_key_exchange() -> None:
    newest = algorithms(PREFIX + "2025-03")
    assert set(QUANTUM) & set(newest.kex)
    assert set(newest.ciphers) == {*CTR, *GCM}
    assert set(newest.macs) == set(ETM)


@pytest.mark.parametrize(
    ("name", "nist", "plain_macs", "chacha", "sha1_keys"),
    [
        ("2025-03", True, False, False, False),
        ("SshAuditCompliant-2025-02", False, False, False, False),
        ("2024-01", True, False, False, False),
        ("2023-05", False, False, False, False),
        ("2022-03", False, True, False, False),
        ("2020-06", True, True, True, True),
        ("2018-11", True, True, True, True),
        ("Restricted-2018-11", True, True, False, True),
        ("Restricted-2020-06", True, True, False, True),
        ("FIPS-2024-01", True, False, False, True),
        ("FIPS-2024-05", True, False, False, False),
    ],
)
def test_table(name: str, nist: bool, plain_macs: bool, chacha: bool, sha1_keys: bool) -> None:
    allowed = algorithms(PREFIX + name)
    assert ("ecdh-sha2-nistp256" in allowed.kex) is nist
    assert ("hmac-sha2-256" in allowed.macs) is plain_macs
    assert bool(set(CHACHA) & set(allowed.ciphers)) is chacha
    assert ("ssh-rsa" in allowed.signatures) is sha1_keys
    assert "ssh-ed25519" in allowed.signatures


def test_fips_has_no_curve25519() -> None:
    assert not [name for name in algorithms(PREFIX + "FIPS-2025-03").kex if "25519" in name]


def test_unknown_policy_gets_the_default_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert algorithms(PREFIX + "2099-01") == algorithms(DEFAULT)
    assert "2099-01" in caplog.text
