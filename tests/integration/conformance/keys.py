"""Keys of users (facts 2.1): which are accepted, how many, and how they come and go."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import paramiko
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene
from tests.integration.support import NewUser

SHEET = Sheet("key")
row = SHEET.row
Reader = Callable[[StringIO], paramiko.PKey]
MOST = 50
KINDS: dict[str, tuple[Callable[[], Any], Reader]] = {
    "ssh-ed25519": (ed25519.Ed25519PrivateKey.generate, paramiko.Ed25519Key.from_private_key),
    "ssh-rsa": (lambda: rsa.generate_private_key(65537, 2048), paramiko.RSAKey.from_private_key),
    "ecdsa-sha2-nistp256": (
        lambda: ec.generate_private_key(ec.SECP256R1()),
        paramiko.ECDSAKey.from_private_key,
    ),
    "ecdsa-sha2-nistp384": (
        lambda: ec.generate_private_key(ec.SECP384R1()),
        paramiko.ECDSAKey.from_private_key,
    ),
    "ecdsa-sha2-nistp521": (
        lambda: ec.generate_private_key(ec.SECP521R1()),
        paramiko.ECDSAKey.from_private_key,
    ),
}


def _accepted(kind: str, make: Callable[[], Any], read: Reader) -> None:
    @row(f"login with {kind}", "accepted", "TF-SEC", "D", Outcome())
    def _log_in(scene: Scene) -> Outcome:
        user, key = scene.stage.user(), make()
        _import(scene, user.name, _line(key))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
        scene.stage.environment.await_user(user)
        return scene.login_outcome(NewUser(user.name, user.home, read(StringIO(pem))))


for _kind, (_make, _read) in KINDS.items():
    _accepted(_kind, _make, _read)


@row(
    "ssh-dss",
    "no key type of theirs",
    "TF-SEC",
    "D",
    Outcome(
        "InvalidRequestException",
        f"Unsupported SSH public key type: 'ssh-dss' - use one of {', '.join(KINDS)}",
    ),
    words="U",
)
def _dss(scene: Scene) -> Outcome:
    return _import(scene, scene.stage.user().name, "ssh-dss AAAAB3NzaC1kc3M=")


@row(
    "ssh-rsa of 1,024 bits",
    "nothing documented",
    "-",
    "U",
    Outcome("InvalidRequestException", "RSA key too short: '1024' bits - use 2048 or more"),
)
def _weak(scene: Scene) -> Outcome:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505
    return _import(scene, scene.stage.user().name, _line(key))


@row(
    "the 51st key of a user",
    "the API's model says 5 at the most, AWS's Terraform module 50",
    "BOTO",
    "U",
    Outcome(
        "InvalidRequestException",
        "too many SSH public keys for user: 'NAME' - 50 are allowed, delete one",
        MOST,
    ),
    chosen="50, a setting of the emulator: --max-keys-per-user",
)
def _too_many(scene: Scene) -> Outcome:
    name = scene.stage.user().name
    lines = [_line(ed25519.Ed25519PrivateKey.generate()) for _ in range(MOST)]
    last = [_import(scene, name, line) for line in lines][-1]
    count = len(scene.described(name)["SshPublicKeys"])
    return Outcome(last.code, (last.message or "").replace(name, "NAME"), count)


@row("one key for two users", "nothing documented", "-", "U", Outcome())
def _shared(scene: Scene) -> Outcome:
    line = _line(ed25519.Ed25519PrivateKey.generate())
    _import(scene, scene.stage.user().name, line)
    return _import(scene, scene.stage.user().name, line)


SHEET.not_run(
    "SHA-1 signatures of ssh-rsa",
    "only with the old security policies",
    "TF-SEC",
    "D",
    "shown by the tests of the algorithms",
)


def _import(scene: Scene, name: str, body: str) -> Outcome:
    done = scene.call("import_ssh_public_key", UserName=name, SshPublicKeyBody=body)
    return Outcome(done.code, done.message)


def _line(key: Any) -> str:
    public: bytes = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return public.decode()
