"""Which SSH algorithms a Transfer security policy allows, as far as asyncssh has them.

Source: AWS Transfer Family user guide, security-policies. FIPS variants are taken to be their
namesakes without Curve25519 and ChaCha20. A policy this table does not know gets AWS's default.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs

log = logging.getLogger(__name__)

DEFAULT = "TransferSecurityPolicy-2024-01"

CTR = ("aes128-ctr", "aes192-ctr", "aes256-ctr")
GCM = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
CHACHA = ("chacha20-poly1305@openssh.com",)
CURVE = ("curve25519-sha256", "curve25519-sha256@libssh.org")
NIST = ("ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521")
GROUPS = (
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group-exchange-sha256",
)
QUANTUM = ("mlkem768x25519-sha256", "mlkem768nistp256-sha256", "mlkem1024nistp384-sha384")
ETM = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
SHA2 = ("hmac-sha2-256", "hmac-sha2-512")
UMAC = ("umac-128-etm@openssh.com", "umac-128@openssh.com")
SHA1 = ("hmac-sha1-etm@openssh.com", "hmac-sha1")
SIGNATURES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-256",
    "rsa-sha2-512",
)


@dataclass(frozen=True)
class Algorithms:
    """Names as on the wire, in no order that matters: the client's preference decides."""

    kex: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]
    signatures: tuple[str, ...] = SIGNATURES


_OLD_CIPHERS, _OLD_KEX = GCM + CTR + CHACHA, CURVE + NIST + GROUPS
_DH14, _DH14_SHA1 = ("diffie-hellman-group14-sha256",), ("diffie-hellman-group14-sha1",)

_BY_YEAR = {
    "2025-03": Algorithms(QUANTUM + CURVE + NIST + GROUPS, CTR + GCM, ETM),
    "2025-02": Algorithms(CURVE + GROUPS, CTR + GCM, ETM),
    "2024-05": Algorithms(CURVE + NIST + GROUPS, CTR + GCM, ETM),
    "2024-01": Algorithms(CURVE + NIST + GROUPS, CTR + GCM, ETM),
    "2023-05": Algorithms(CURVE + GROUPS, GCM + CTR[1:], ETM),
    "2022-03": Algorithms(CURVE + GROUPS, GCM + CTR[1:], ETM + SHA2),
    "2020-06": Algorithms(_OLD_KEX + _DH14, _OLD_CIPHERS, ETM + SHA2 + UMAC),
    "2018-11": Algorithms(_OLD_KEX + _DH14 + _DH14_SHA1, _OLD_CIPHERS, ETM + SHA2 + UMAC + SHA1),
}
_WITH_SHA1_SIGNATURES = {"2018-11", "2020-06", "FIPS-2020-06", "FIPS-2023-05", "FIPS-2024-01"}
_NAME = re.compile(
    r"TransferSecurityPolicy-(?:SshAuditCompliant-|(?P<restricted>Restricted-))?"
    r"(?P<version>(?P<fips>FIPS-)?(?P<year>\d{4}-\d\d))"
)


def algorithms(policy: str) -> Algorithms:
    """Give what the named policy allows and this machine's asyncssh can do."""
    name = _NAME.fullmatch(policy)
    if name is None or name["year"] not in _BY_YEAR:
        log.warning("unknown security policy: '%s' - using %s", policy, DEFAULT)
        return algorithms(DEFAULT)
    allowed = _BY_YEAR[name["year"]]
    refused = (
        (CURVE + QUANTUM[:1] + CHACHA) if name["fips"] else CHACHA if name["restricted"] else ()
    )
    signatures = ("ssh-rsa",) if name["version"] in _WITH_SHA1_SIGNATURES else ()
    return Algorithms(
        _possible(allowed.kex, get_kex_algs(), refused),
        _possible(allowed.ciphers, get_encryption_algs(), refused),
        _possible(allowed.macs, get_mac_algs(), refused),
        SIGNATURES + signatures,
    )


def _possible(
    wanted: tuple[str, ...], available: list[bytes], refused: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(name for name in wanted if name.encode() in available and name not in refused)
