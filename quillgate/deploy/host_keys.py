"""Host keys of an old server: read from its files, kept as secrets, and shown by the new server.

A private key goes from the file into Secrets Manager and from there into Transfer; it is in no
template, parameter, change set, log or message.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from quillgate.errors import DeployError

_TYPES = {
    "Rsa": RSAPrivateKey,
    "Ecdsa": EllipticCurvePrivateKey,
    "Ed25519": Ed25519PrivateKey,
}
_REFERENCE = re.compile(r"\{\{resolve:secretsmanager:(.+)\}\}")
_MOST_CHARACTERS = 4096  # HostKeyBody's


@dataclass(frozen=True)
class HostKey:
    """A private key as Transfer takes it. `kind` is Rsa, Ecdsa or Ed25519."""

    kind: str
    fingerprint: str
    body: str = field(repr=False)

    @property
    def parameter(self) -> str:
        """The template's parameter for the ARN of this key's secret."""
        return f"HostKey{self.kind}SecretArn"


def read(file: Path) -> HostKey:
    """The host key in `file`, such as `/etc/ssh/ssh_host_rsa_key`.

    RSA and ECDSA keys become PEM, which the API's documentation asks for; ED25519 has OpenSSH's
    form only. Raises DeployError for what is no private key of these types, or has a passphrase.
    """
    try:
        text = file.read_bytes()
    except OSError as error:
        raise DeployError("host key cannot be read", str(file), error.strerror or "") from error
    load = load_ssh_private_key if b"BEGIN OPENSSH" in text else load_pem_private_key
    try:
        key = load(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        advice = "give a private key without a passphrase, such as /etc/ssh/ssh_host_rsa_key"
        raise DeployError("not a host key", str(file), advice) from error
    for kind, of_kind in _TYPES.items():
        if isinstance(key, of_kind):
            return _host_key(kind, key, file)
    raise DeployError("host key of another type", str(file), "use RSA, ECDSA or ED25519")


def _host_key(kind: str, key: Any, file: Path) -> HostKey:
    if kind == "Rsa" and key.key_size < 2048:
        raise DeployError(
            f"RSA host key of {key.key_size} bits", str(file), "Transfer takes 2048 or more"
        )
    form = PrivateFormat.OpenSSH if kind == "Ed25519" else PrivateFormat.TraditionalOpenSSL
    body = key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    if len(body) > _MOST_CHARACTERS:
        raise DeployError(
            "host key too long", str(file), f"Transfer takes {_MOST_CHARACTERS} characters"
        )
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return HostKey(kind, "SHA256:" + base64.b64encode(digest).decode().rstrip("="), body)


def store(
    secrets: Any, stack_folder: str, keys: Iterable[HostKey], kms_key: str = ""
) -> dict[str, str]:
    """Keep each key as secret `<stack_folder>/host-key-<kind>`; gives the template's parameters.

    Run again with the same keys it changes nothing. Raises DeployError where another key is kept:
    a server in use does not change its keys by accident.
    """
    return {key.parameter: _store(secrets, stack_folder, key, kms_key) for key in keys}


def _store(secrets: Any, stack_folder: str, key: HostKey, kms_key: str) -> str:
    name = f"{stack_folder}/host-key-{key.kind.lower()}"
    encrypted = {"KmsKeyId": kms_key} if kms_key else {}
    try:
        made = secrets.create_secret(Name=name, SecretString=key.body, **encrypted)
        return str(made["ARN"])
    except secrets.exceptions.ResourceExistsException as error:
        kept = secrets.get_secret_value(SecretId=name)
        if kept["SecretString"] != key.body:
            advice = "it holds another key; delete it first if that one was never used"
            raise DeployError("secret exists", name, advice) from error
        return str(kept["ARN"])
    except secrets.exceptions.InvalidRequestException as error:
        # Such as one that somebody has deleted: for 7 to 30 days nobody can use its name.
        advice = (
            f"Secrets Manager said: {error}; one that waits to be deleted is deleted at once by:"
            f" aws secretsmanager delete-secret --secret-id {name} --force-delete-without-recovery"
        )
        raise DeployError("secret cannot be made", name, advice) from error


def ensure(transfer: Any, secrets: Any, properties: dict[str, Any]) -> None:
    """`AWS::Transfer::HostKey` by the API: import the key unless the server has it.

    The one that had its place before, known by its description, is deleted.
    """
    reference = _REFERENCE.fullmatch(properties["HostKeyBody"])
    if reference is None:
        raise DeployError("host key not in a secret", "HostKeyBody", "name a secret's ARN")
    body = secrets.get_secret_value(SecretId=reference[1])["SecretString"]
    try:
        made = transfer.import_host_key(**{**properties, "HostKeyBody": body})
    except transfer.exceptions.ResourceExistsException:
        return
    server_id = properties["ServerId"]
    for key in _listed(transfer, server_id):
        replaced = key["HostKeyId"] != made["HostKeyId"]
        if replaced and key["Description"] == properties["Description"]:
            transfer.delete_host_key(ServerId=server_id, HostKeyId=key["HostKeyId"])


def forget_the_servers_own(transfer: Any, server_id: str) -> None:
    """Delete what the server made for itself: CloudFormation's `CreateWithHostKey: false`.

    What somebody imported has a description.
    """
    for key in _listed(transfer, server_id):
        if not key.get("Description"):
            transfer.delete_host_key(ServerId=server_id, HostKeyId=key["HostKeyId"])


def _listed(transfer: Any, server_id: str) -> list[dict[str, str]]:
    """All of them: a server has ten at the most, fewer than a page holds."""
    return list(transfer.list_host_keys(ServerId=server_id)["HostKeys"])
