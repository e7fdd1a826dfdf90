"""SSH keys as Transfer Family takes them: what a user logs in with, what a server shows.

Key types: RSA of at least 2048 bits, ECDSA on the three NIST curves, ED25519
(model documentation of `SshPublicKeyBody` and `HostKey`).
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from emulator.transfer.errors import InvalidRequestError

_LEAST_RSA_BITS = 2048
_KEY_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
)

_HOST_KEYS = "send an RSA, ECDSA (NIST) or ED25519 private key in PEM, without a passphrase"

HostKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


def public_key_line(body: str) -> str:
    """One line `type base64 comment`, without space around it.

    Raises InvalidRequestError unless it holds a key of a supported type and size.
    """
    line = body.strip()
    key_type = line.split(maxsplit=1)[0]
    if key_type not in _KEY_TYPES:
        raise InvalidRequestError(
            f"Unsupported SSH public key type: '{key_type}' - use one of {', '.join(_KEY_TYPES)}"
        )
    try:
        key = load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidRequestError(
            f"Invalid SSH public key: '{line[:40]}...' ({error}) - send the whole line of a"
            " .pub file"
        ) from error
    if isinstance(key, RSAPublicKey):
        _refuse_weak(key.key_size)
    return line


def same_key(line: str, other: str) -> bool:
    """Whether two lines hold one key; comments do not count."""
    return line.split()[:2] == other.split()[:2]


def host_key(pem: str | None) -> str:
    """A server's private key as OpenSSH PEM: the one given, or a new ED25519 key.

    Raises InvalidRequestError for what is no key, needs a passphrase or is too weak.
    """
    return _openssh(Ed25519PrivateKey.generate()) if not pem else _given_host_key(pem)


def host_key_type(pem: str) -> str:
    """`ssh-ed25519`, `ssh-rsa`, ...: that of its public key."""
    return _public_line(pem).split()[0].decode()


def fingerprint(pem: str) -> str:
    """`SHA256:...`, as `ssh-keygen -l` prints it."""
    line = _public_line(pem)
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _public_line(pem: str) -> bytes:
    public = load_ssh_private_key(pem.encode(), None).public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def _given_host_key(pem: str) -> str:
    load = load_ssh_private_key if "BEGIN OPENSSH" in pem else load_pem_private_key
    try:
        key = load(pem.strip().encode() + b"\n", None)
        if isinstance(key, RSAPrivateKey):
            _refuse_weak(key.key_size)
        if isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
            return _openssh(key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # `error` names the reason, never the key: nothing of a private key may reach an answer.
        raise InvalidRequestError(f"HostKey cannot be used: '{error}' - {_HOST_KEYS}") from error
    raise InvalidRequestError(f"HostKey of another type - {_HOST_KEYS}")


def _openssh(key: HostKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _refuse_weak(bits: int) -> None:
    if bits < _LEAST_RSA_BITS:
        raise InvalidRequestError(
            f"RSA key too short: '{bits}' bits - use {_LEAST_RSA_BITS} or more"
        )
