"""Small groups are for nobody, whatever the client asks for."""

from __future__ import annotations

import asyncio

import pytest
from asyncssh import kex_dh

from tests.unit.keys import rsa_key
from tests.unit.sftp_fakes import a_bench, a_server, log_in, serving

GROUP_EXCHANGE = "diffie-hellman-group-exchange-sha256"


def bits_for(wanted: int, most: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Log in with a client that prefers groups of `wanted` bits and takes up to `most`."""
    groups: list[int] = []
    init_group = kex_dh._KexDHGex._init_group  # noqa: SLF001

    def noting(self: kex_dh._KexDHGex, g: int, p: int) -> None:
        groups.append(p.bit_length())
        init_group(self, g, p)

    monkeypatch.setattr(kex_dh._KexDHGex, "_init_group", noting)  # noqa: SLF001
    monkeypatch.setattr(kex_dh, "KEX_DH_GEX_PREFERRED_SIZE", wanted)
    monkeypatch.setattr(kex_dh, "KEX_DH_GEX_MAX_SIZE", most)

    async def run() -> None:
        async with a_bench() as bench, serving(bench, a_server()) as sftp:
            bench.add_user("acme", rsa_key())
            async with await log_in(sftp.ports[0], "acme", rsa_key(), kex_algs=[GROUP_EXCHANGE]):
                pass

    asyncio.run(run())
    return groups[0]


@pytest.mark.parametrize(
    ("wanted", "most", "bits"),
    [(1024, 1024, 3072), (2048, 8192, 3072), (4096, 8192, 4096)],
)
@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
def test_groups(wanted: int, most: int, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bits_for(wanted, most, monkeypatch) == bits
