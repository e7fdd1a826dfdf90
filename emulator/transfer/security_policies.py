"""Which SSH algorithms a Transfer security policy allows.

Source: AWS Transfer Family user guide, security-policies; where its overview and a policy's own
listing differ (2025-03 and group14, FIPS-2024-01 and group exchange), the listing. The two
deprecated PQ-SSH-Experimental policies are not listed: they are taken to be 2024-01, without their
experimental key exchanges. A policy this table does not know gets AWS's default.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

log = logging.getLogger(__name__)

PREFIX = "TransferSecurityPolicy-"
DEFAULT = "2024-01"

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
GROUP14 = ("diffie-hellman-group14-sha256",)
GROUP14_SHA1 = ("diffie-hellman-group14-sha1",)
QUANTUM = ("mlkem768x25519-sha256", "mlkem768nistp256-sha256", "mlkem1024nistp384-sha384")
ETM = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
SHA2 = ("hmac-sha2-256", "hmac-sha2-512")
UMAC128 = ("umac-128-etm@openssh.com", "umac-128@openssh.com")
UMAC64 = ("umac-64-etm@openssh.com", "umac-64@openssh.com")
SHA1 = ("hmac-sha1-etm@openssh.com", "hmac-sha1")
SIGNATURES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-256",
    "rsa-sha2-512",
)
RSA_SHA1 = ("ssh-rsa",)


@dataclass(frozen=True)
class Algorithms:
    """Names as on the wire, in no order that matters: the client's preference decides."""

    kex: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]
    signatures: tuple[str, ...] = SIGNATURES

    def among(self, available: Algorithms) -> Algorithms:
        """Leave out what a machine's SSH library does not have."""
        return Algorithms(
            _among(available.kex, self.kex),
            _among(available.ciphers, self.ciphers),
            _among(available.macs, self.macs),
            _among(available.signatures, self.signatures),
        )


def _among(available: Collection[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in wanted if name in available)


_WITH_SHA1 = SIGNATURES + RSA_SHA1
_2018 = Algorithms(
    CURVE + NIST + GROUPS + GROUP14 + GROUP14_SHA1,
    CHACHA + CTR + GCM,
    UMAC64 + UMAC128 + ETM + SHA2 + SHA1,
    _WITH_SHA1,
)
_2020 = Algorithms(NIST + GROUPS + GROUP14, CHACHA + CTR + GCM, UMAC128 + ETM + SHA2, _WITH_SHA1)
_2024 = Algorithms(CURVE + NIST + GROUPS, CTR + GCM, ETM)
_2025 = Algorithms(QUANTUM + CURVE + NIST + GROUPS, CTR + GCM, ETM)

POLICIES = {
    "2018-11": _2018,
    "Restricted-2018-11": replace(_2018, ciphers=CTR + GCM),
    "2020-06": _2020,
    "Restricted-2020-06": replace(_2020, ciphers=CTR + GCM),
    "FIPS-2020-06": replace(_2020, ciphers=CTR + GCM, macs=ETM + SHA2),
    "2022-03": Algorithms(CURVE + GROUPS, CTR[1:] + GCM, ETM + SHA2),
    "2023-05": Algorithms(CURVE + GROUPS, CTR[1:] + GCM, ETM),
    "FIPS-2023-05": Algorithms(GROUPS, CTR[1:] + GCM, ETM, _WITH_SHA1),
    "PQ-SSH-Experimental-2023-04": _2024,
    "PQ-SSH-FIPS-Experimental-2023-04": replace(_2024, kex=NIST + GROUPS, signatures=_WITH_SHA1),
    "2024-01": _2024,
    "FIPS-2024-01": replace(_2024, kex=NIST + GROUPS, signatures=_WITH_SHA1),
    "FIPS-2024-05": replace(_2024, kex=NIST + GROUPS),
    "SshAuditCompliant-2025-02": replace(_2024, kex=CURVE + GROUPS),
    "2025-03": _2025,
    "FIPS-2025-03": replace(_2025, kex=QUANTUM + NIST + GROUPS),
    "AS2Restricted-2025-07": _2025,
}


def allowed(policy: str) -> Algorithms:
    """Give what the named policy allows."""
    algorithms = POLICIES.get(policy.removeprefix(PREFIX))
    if algorithms is None:
        log.warning("unknown security policy: '%s' - using %s%s", policy, PREFIX, DEFAULT)
        algorithms = POLICIES[DEFAULT]
    return algorithms
