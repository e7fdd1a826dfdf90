from __future__ import annotations

import logging

import pytest

from emulator.sftp.algorithms import algorithms
from emulator.transfer.security_policies import (
    CHACHA,
    CTR,
    CURVE,
    DEFAULT,
    ETM,
    GCM,
    NIST,
    POLICIES,
    PREFIX,
    QUANTUM,
    SHA2,
)


def test_newest_policy_offers_post_quantum_key_exchange() -> None:
    newest = algorithms(PREFIX + "2025-03")
    assert set(QUANTUM) & set(newest.kex)
    assert set(newest.ciphers) == {*CTR, *GCM}
    assert set(newest.macs) == set(ETM)


MARKS = {
    "curve": CURVE[0],
    "nist": NIST[0],
    "sha2": SHA2[0],
    "chacha": CHACHA[0],
    "rsa1": "ssh-rsa",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2025-03", {"curve", "nist"}),
        ("FIPS-2025-03", {"nist"}),
        ("AS2Restricted-2025-07", {"curve", "nist"}),
        ("SshAuditCompliant-2025-02", {"curve"}),
        ("2024-01", {"curve", "nist"}),
        ("FIPS-2024-05", {"nist"}),
        ("FIPS-2024-01", {"nist", "rsa1"}),
        ("2023-05", {"curve"}),
        ("FIPS-2023-05", {"rsa1"}),
        ("2022-03", {"curve", "sha2"}),
        ("2020-06", {"nist", "sha2", "chacha", "rsa1"}),
        ("Restricted-2020-06", {"nist", "sha2", "rsa1"}),
        ("FIPS-2020-06", {"nist", "sha2", "rsa1"}),
        ("2018-11", {"curve", "nist", "sha2", "chacha", "rsa1"}),
        ("Restricted-2018-11", {"curve", "nist", "sha2", "rsa1"}),
        ("PQ-SSH-FIPS-Experimental-2023-04", {"nist", "rsa1"}),
    ],
)
def test_table(name: str, expected: set[str]) -> None:
    allowed = algorithms(PREFIX + name)
    offered = {*allowed.kex, *allowed.ciphers, *allowed.macs, *allowed.signatures}
    assert {mark for mark, algorithm in MARKS.items() if algorithm in offered} == expected


@pytest.mark.parametrize("name", POLICIES)
def test_asyncssh_has_something_of_each_kind_for_every_policy(name: str) -> None:
    allowed = algorithms(PREFIX + name)
    assert all((allowed.kex, allowed.ciphers, allowed.macs, allowed.signatures))


def test_unknown_policy_gets_the_default_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert algorithms(PREFIX + "2099-01") == algorithms(PREFIX + DEFAULT)
    assert "2099-01" in caplog.text
