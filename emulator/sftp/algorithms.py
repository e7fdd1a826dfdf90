"""What a Transfer security policy allows, as far as asyncssh has it."""

from __future__ import annotations

from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs

from emulator.transfer.security_policies import RSA_SHA1, SIGNATURES, Algorithms, allowed


def algorithms(policy: str) -> Algorithms:
    """Give what the named policy allows and this machine's asyncssh can do."""
    return allowed(policy).among(
        Algorithms(
            _names(get_kex_algs()),
            _names(get_encryption_algs()),
            _names(get_mac_algs()),
            SIGNATURES + RSA_SHA1,
        )
    )


def _names(algorithms: list[bytes]) -> tuple[str, ...]:
    return tuple(name.decode() for name in algorithms)
