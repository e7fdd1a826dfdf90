"""What a Transfer security policy allows, as far as asyncssh has it."""

from __future__ import annotations

from asyncssh import kex_dh
from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs

from emulator.transfer.security_policies import RSA_SHA1, SIGNATURES, Algorithms, allowed

LEAST_BITS = 3072  # of a group for group exchange; of smaller ones ssh-audit warns


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


def offer_no_small_groups() -> None:
    """Let group exchange begin at LEAST_BITS; asyncssh gives 1024 to who asks for no more.

    It has no option for that. Who takes only smaller ones ends the connection, as he should.
    """
    groups = tuple(group for group in kex_dh._dh_gex_groups if group[0] >= LEAST_BITS)  # noqa: SLF001
    kex_dh._dh_gex_groups = groups  # type: ignore[assignment]  # noqa: SLF001
    _, kex_dh._group1_g, kex_dh._group1_p = groups[0]  # noqa: SLF001


offer_no_small_groups()
