"""Who gets in: real SSH clients and a server on loopback."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cache
from typing import Any

import asyncssh
import pytest

from emulator.sftp.server import SftpServer
from tests.unit.keys import rsa_key
from tests.unit.sftp_fakes import Bench, a_bench, a_server, host_keys, log_in, serving

ECDSA = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
TYPES = ("ssh-ed25519", "ssh-rsa", *ECDSA)


@cache
def key(kind: str) -> asyncssh.SSHKey:
    return rsa_key() if kind == "ssh-rsa" else asyncssh.generate_private_key(kind)


def new_keys(count: int) -> list[asyncssh.SSHKey]:
    return [asyncssh.generate_private_key("ssh-ed25519") for _ in range(count)]


def attempt(name: str, *keys: asyncssh.SSHKey, policy: str = "2024-01", **options: Any) -> Bench:
    """Let `acme`, who has a key of each type, log in as `name`; raises what the client raises."""

    async def run() -> Bench:
        async with a_bench() as bench, serving(bench, a_server(policy=policy)) as sftp:
            for user in ("acme", name):
                bench.add_user(user, *map(key, TYPES))
            async with await log_in(sftp.ports[0], name, *keys, **options):
                pass
        return bench

    return asyncio.run(run())


def attempt_host_key(policy: str, algorithm: str, kind: str = "ssh-rsa") -> None:
    """Connect to a server with such a host key, taking no other signature of it."""

    async def run() -> None:
        host_key = key(kind).export_private_key().decode()
        server = replace(a_server(policy=policy), host_keys=host_keys(host_key))
        async with a_bench() as bench, serving(bench, server) as sftp:
            bench.add_user("acme", key("ssh-ed25519"))
            options = {"server_host_key_algs": [algorithm]}
            async with await log_in(sftp.ports[0], "acme", key("ssh-ed25519"), **options):
                pass

    asyncio.run(run())


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_key_is_accepted(kind: str) -> None:
    assert attempt("acme", key(kind)).recorded() == ["CONNECTED", "DISCONNECTED"]


@pytest.mark.parametrize("hashed", ["rsa-sha2-256", "rsa-sha2-512"])
def test_rsa_keys_sign_with_sha2(hashed: str) -> None:
    attempt("acme", key("ssh-rsa"), signature_algs=[hashed])


def test_rsa_keys_sign_with_sha1_under_old_policies() -> None:
    attempt("acme", key("ssh-rsa"), policy="2020-06", signature_algs=["ssh-rsa"])


@pytest.mark.parametrize("policy", ["2022-03", "2024-01", "2025-03"])
def test_newer_policies_refuse_sha1(policy: str) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        attempt("acme", key("ssh-rsa"), policy=policy, signature_algs=["ssh-rsa"])


def test_an_rsa_host_key_signs_as_the_policy_allows() -> None:
    attempt_host_key("2018-11", "ssh-rsa")
    attempt_host_key("2024-01", "rsa-sha2-512")
    with pytest.raises(asyncssh.KeyExchangeFailed):
        attempt_host_key("2024-01", "ssh-rsa")


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_host_key_is_served(kind: str) -> None:
    attempt_host_key("2024-01", "rsa-sha2-256" if kind == "ssh-rsa" else kind, kind)


@pytest.mark.parametrize("name", ["root", "a", "ab"])
def test_some_names_never_get_in(name: str) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        attempt(name, key("ssh-ed25519"))


def test_five_wrong_keys_may_come_before_the_right_one() -> None:
    attempt("acme", *new_keys(5), key("ssh-ed25519"))


def test_six_wrong_keys_are_too_many() -> None:
    with pytest.raises(asyncssh.ProtocolError, match="Too many authentication failures") as caught:
        attempt("acme", *new_keys(6), key("ssh-ed25519"))
    assert caught.value.code == asyncssh.DISC_PROTOCOL_ERROR == 2


def test_without_a_key_there_is_no_way_in() -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        attempt("acme", password="guess")


def test_who_says_nothing_is_sent_away() -> None:
    async def run() -> bytes:
        async with a_bench() as bench:
            sftp = SftpServer(bench.service(a_server()), login_seconds=0.1)
            await sftp.listen("127.0.0.1", [0])
            reader, writer = await asyncio.open_connection("127.0.0.1", sftp.ports[0])
            said = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            sftp.stop_listening()
            await sftp.end()
            assert bench.recorded() == []
            return said

    assert asyncio.run(run()).startswith(b"SSH-2.0-AWS_SFTP_1.1\r\n")


def test_the_key_counts_only_with_its_user() -> None:
    async def run() -> None:
        async with a_bench() as bench, serving(bench) as sftp:
            bench.add_user("acme", key("ssh-ed25519"))
            bench.add_user("acme-corp", key("ssh-rsa"))
            await log_in(sftp.ports[0], "acme-corp", key("ssh-ed25519"))

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(run())


def test_a_removed_key_counts_no_more() -> None:
    async def run() -> None:
        async with a_bench() as bench, serving(bench) as sftp:
            bench.add_user("acme", *map(key, TYPES))
            async with await log_in(sftp.ports[0], "acme", key("ssh-ed25519")):
                bench.add_user("acme", key("ssh-rsa"))
                async with await log_in(sftp.ports[0], "acme", key("ssh-rsa")):
                    pass
                await log_in(sftp.ports[0], "acme", key("ssh-ed25519"))

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(run())
