"""Host keys of an old server: read, kept as secrets, never shown."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from quillgate.deploy import host_keys
from quillgate.deploy.aws import check_host_keys
from quillgate.deploy.stack import Stack
from quillgate.errors import DeployError
from tests.unit.keys import rsa_key
from tests.unit.secrets_fakes import Secrets
from tests.unit.test_stack import NAME, FakeCloudFormation

FOLDER = "prod/quillgate/sftp"


def key_file(folder: Path, kind: str = "ssh-ed25519", **options: str) -> Path:
    key = rsa_key() if kind == "ssh-rsa" else asyncssh.generate_private_key(kind)
    key.write_private_key(folder / kind, **options)
    return folder / kind


@pytest.mark.parametrize(
    ("kind", "parameter", "begins"),
    [
        ("ssh-rsa", "HostKeyRsaSecretArn", "-----BEGIN RSA PRIVATE KEY-----"),
        ("ecdsa-sha2-nistp256", "HostKeyEcdsaSecretArn", "-----BEGIN EC PRIVATE KEY-----"),
        ("ssh-ed25519", "HostKeyEd25519SecretArn", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ],
)
def test_a_servers_key_becomes_what_transfer_documents(
    tmp_path: Path, kind: str, parameter: str, begins: str
) -> None:
    file = key_file(tmp_path, kind)
    key = host_keys.read(file)
    assert key.parameter == parameter
    assert key.body.startswith(begins)
    assert key.fingerprint == asyncssh.read_private_key(file).get_fingerprint()
    assert asyncssh.import_private_key(key.body).get_fingerprint() == key.fingerprint
    assert begins not in repr(key)


def test_what_is_no_host_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    other = ed448.Ed448PrivateKey.generate()
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point
    files = {
        "no.pub": b"ssh-ed25519 AAAA host",
        "locked": key_file(tmp_path, passphrase="a secret").read_bytes(),
        "other": other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "weak": weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DeployError, match=name) as refused:
            host_keys.read(tmp_path / name)
        assert "BEGIN" not in str(refused.value)
    with pytest.raises(DeployError, match=r"^host key cannot be read: .*gone' - No such file"):
        host_keys.read(tmp_path / "gone")


def test_a_key_is_kept_once_and_never_overwritten(tmp_path: Path) -> None:
    secrets = Secrets()
    key = host_keys.read(key_file(tmp_path))
    first = host_keys.store(secrets, FOLDER, [key])
    assert host_keys.store(secrets, FOLDER, [key]) == first
    assert list(secrets.texts.values()) == [key.body]
    another = host_keys.read(key_file(tmp_path))
    with pytest.raises(DeployError, match=f"'{FOLDER}/host-key-ed25519' - it holds another key"):
        host_keys.store(secrets, FOLDER, [another])
    assert list(secrets.texts.values()) == [key.body]


def test_a_secret_that_waits_to_be_deleted_says_how_that_ends(tmp_path: Path) -> None:
    secrets = Secrets()
    key = host_keys.read(key_file(tmp_path))
    [arn] = host_keys.store(secrets, FOLDER, [key]).values()
    secrets.deleted.add(arn)
    with pytest.raises(DeployError, match=r"scheduled for deletion; .*--force-delete-without-reco"):
        host_keys.store(secrets, FOLDER, [key])


def a_stack(**parameters: str) -> Stack:
    listed = [{"ParameterKey": key, "ParameterValue": it} for key, it in parameters.items()]
    statuses = ["UPDATE_COMPLETE"] if parameters else []
    return Stack(FakeCloudFormation(statuses, stack={"Parameters": listed}), NAME, 0)


def test_host_keys_come_with_the_first_deploy(tmp_path: Path) -> None:
    key = host_keys.read(key_file(tmp_path))
    check_host_keys(a_stack(), {}, [key])
    check_host_keys(a_stack(HostKeyEd25519SecretArn="arn"), {}, [key])
    check_host_keys(a_stack(HostKeyEd25519SecretArn=""), {"HostKeyRsaSecretArn": ""}, [])
    for given, keys in (({}, [key]), ({"HostKeyRsaSecretArn": "arn"}, [])):
        with pytest.raises(DeployError, match=r"^the server has host keys of its own"):
            check_host_keys(a_stack(HostKeyEd25519SecretArn=""), given, keys)


def test_the_last_host_key_stays() -> None:
    """`CreateWithHostKey` cannot be changed after creation, says CloudFormation's schema."""
    both = a_stack(HostKeyEd25519SecretArn="arn-1", HostKeyRsaSecretArn="arn-2")
    check_host_keys(both, {"HostKeyRsaSecretArn": ""}, [])
    one = a_stack(HostKeyEd25519SecretArn="arn-1", HostKeyRsaSecretArn="")
    check_host_keys(one, {"HostKeyEd25519SecretArn": "arn-3"}, [])
    with pytest.raises(DeployError, match=r"^the server has no host key of its own"):
        check_host_keys(one, {"HostKeyEd25519SecretArn": ""}, [])
