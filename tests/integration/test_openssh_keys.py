"""OpenSSH's own keys and client: every type of key that Transfer takes, and what it refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support import Environment, NewUser

pytestmark = pytest.mark.clients

TYPES = {
    "ed25519": ["-t", "ed25519"],
    "rsa": ["-t", "rsa", "-b", "2048"],
    "ecdsa-256": ["-t", "ecdsa", "-b", "256"],
    "ecdsa-384": ["-t", "ecdsa", "-b", "384"],
    "ecdsa-521": ["-t", "ecdsa", "-b", "521"],
}


def new_key(folder: Path, kind: str, name: str | None = None) -> Path:
    key = folder / (name or kind)
    command = ["ssh-keygen", "-q", "-N", "", "-C", "a comment, é", *TYPES[kind], "-f", str(key)]
    subprocess.run(command, check=True, timeout=60)
    return key


def sftp(
    environment: Environment, user: NewUser, *keys: Path, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Ask where the home is, with these keys and no others."""
    environment.await_user(user)
    settings = ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=no", *options]
    settings += ["UserKnownHostsFile=/dev/null", f"Port={environment.sftp_port}"]
    arguments = [word for setting in settings for word in ("-o", setting)]
    arguments += [word for key in keys for word in ("-i", str(key))]
    command = ["sftp", "-F", "none", *arguments, "-b", "-", f"{user.name}@127.0.0.1"]
    return subprocess.run(
        command, input="pwd\n", capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def user(new_user: Callable[..., NewUser]) -> NewUser:
    return new_user()


def import_key(transfer: Any, environment: Environment, user: NewUser, key: Path) -> None:
    body = key.with_name(f"{key.name}.pub").read_text()
    transfer.import_ssh_public_key(
        ServerId=environment.server_id, UserName=user.name, SshPublicKeyBody=body
    )


def test_each_of_a_users_keys_opens(
    environment: Environment, user: NewUser, transfer: Any, tmp_path: Path
) -> None:
    for kind in TYPES:
        key = new_key(tmp_path, kind)
        refused = sftp(environment, user, key)
        assert refused.returncode != 0
        assert "Permission denied (publickey)" in refused.stderr
        import_key(transfer, environment, user, key)
        told = sftp(environment, user, key)
        assert user.home in told.stdout, told.stderr


@pytest.mark.parametrize("hashed", ["rsa-sha2-256", "rsa-sha2-512"])
def test_rsa_signs_with_sha2(
    hashed: str, environment: Environment, user: NewUser, transfer: Any, tmp_path: Path
) -> None:
    key = new_key(tmp_path, "rsa")
    import_key(transfer, environment, user, key)
    told = sftp(environment, user, key, options=(f"PubkeyAcceptedAlgorithms={hashed}",))
    assert user.home in told.stdout, told.stderr


def test_too_many_keys_are_told_in_the_words_of_aws(
    environment: Environment, user: NewUser, tmp_path: Path
) -> None:
    keys = [new_key(tmp_path, "ed25519", f"key-{number}") for number in range(7)]
    told = sftp(environment, user, *keys)
    assert "2: Too many authentication failures" in told.stderr
