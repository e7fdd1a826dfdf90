"""One line `[options] type base64 [comment]`, as authorized_keys has it."""

from __future__ import annotations

import base64
import re
from binascii import Error as Base64Error
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHPublicKeyTypes,
    load_pem_public_key,
    load_ssh_public_key,
    ssh_key_fingerprint,
)

from quillgate.users import key_kinds
from quillgate.users.model import PublicKey

_LONGEST = 2048  # SshPublicKeyBody, in Transfer's service model
_LONGEST_COMMENT = 100
_TYPE = r"(?:ssh|ecdsa|sk|x509v3|webauthn|rsa)-[a-z0-9@.-]+"
_KEY = re.compile(rf"(?P<type>{_TYPE})(?: +(?P<body>\S+)(?: +(?P<comment>.*))?)?")
_BODY_ALONE = re.compile(r"(?P<body>AAAA[\w+/]+={0,3})(?: +(?P<comment>.*))?")
_OPTIONS = re.compile(r'(?P<options>(?:[^\s"]|"(?:\\.|[^"\\])*+")++) +(?P<rest>.*)')
_OPTION = re.compile(
    r'(?:^|(?<=,))(?P<name>[^\s",=]+)(?:=(?:"(?:\\.|[^"\\])*+"|[^\s",]*+))?(?:,|$)'
)
# What a mail program leaves when it breaks a line.
_UNFINISHED = re.compile(rf"(?:{_TYPE}|(?:{_TYPE} +)?AAAA[\w+/]*)")
_REST = re.compile(r"[A-Za-z0-9+/]+={0,3}(?: .*)?")
# The latter is PuTTY's own.
_COMMENT = re.compile(r"[\w.+-]+@[\w.-]+|[a-z]+-key-\d{8}")
_ONE_MORE = re.compile(rf"{_TYPE} +AAAA")
_BEGINS_ANEW = ("AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNh", "AAAAG", "AAAAI")
# man sshd, "AUTHORIZED_KEYS FILE FORMAT", in lower case.
_OPTION_NAMES = re.compile(
    r"(?:no-)?(?:agent-forwarding|port-forwarding|pty|user-rc|x11-forwarding|touch-required)"
    r"|cert-authority|command|environment|expiry-time|from|permitlisten|permitopen|principals"
    r"|restrict|tunnel|verify-required"
)
_EXPIRES = re.compile(r'(?:^|,)expiry-time="?([0-9]{8,14})Z?\b', re.IGNORECASE)
_RESTRICTIONS = {
    "from": "from= allowed certain addresses only: that restriction is lost",
    "command": "command= ran one command only: SFTP runs none",
    "expiry-time": "expiry-time= ended the key some day: remove it by hand then",
}


class KeyRefusedError(ValueError):
    """What was pasted is no key that can be used; says why and what to do, and nothing of it."""


class Line(NamedTuple):
    """The parts of a line; `type` is "" when only the base64 is there.

    `expires` is when the options end the key, such as `202611230900`, "" for never.
    """

    options: tuple[str, ...]
    type: str
    body: str
    comment: str
    expires: str = ""


def public_key(line: str, number: int = 1) -> tuple[PublicKey, str]:
    """The key of a line, and what to say of options that were dropped; raises KeyRefusedError."""
    parts = _split(line)
    if _ONE_MORE.search(parts.comment):
        raise KeyRefusedError(key_kinds.SEVERAL)
    if "cert-authority" in parts.options:
        raise KeyRefusedError(key_kinds.AUTHORITY)
    if parts.expires and parts.expires < f"{datetime.now(UTC):%Y%m%d%H%M%S}":
        raise KeyRefusedError(key_kinds.EXPIRED)
    if parts.type and parts.type not in key_kinds.TYPES:
        raise KeyRefusedError(key_kinds.other_type(parts.type))
    blob = _decoded(parts.body)
    type_name = parts.type or _type_in(blob)
    if type_name not in key_kinds.TYPES:
        raise KeyRefusedError(key_kinds.other_type(type_name))
    key = _loaded(f"{type_name} {base64.b64encode(blob).decode()}")
    return _described(key, parts.comment, number), _dropped(parts.options)


def from_pem(what: str, words: list[str], number: int) -> PublicKey:
    """The key of a PEM block; `what` is on its first line. Raises KeyRefusedError."""
    block = "\n".join([f"-----BEGIN {what}-----", *words, f"-----END {what}-----", ""])
    try:
        key = load_pem_public_key(block.encode())
    except (UnsupportedAlgorithm, ValueError) as error:
        raise KeyRefusedError(key_kinds.DAMAGED) from error
    return _described(key, "", number)


def is_unfinished(line: str) -> bool:
    """Whether the line may be the first part of one that a mail program has broken."""
    return bool(_UNFINISHED.fullmatch(line))


def goes_on(first: str, line: str) -> bool:
    """Whether the line may be a further part of one that began with `first`."""
    is_anew = line.startswith(_BEGINS_ANEW) and not re.fullmatch(_TYPE, first)
    return bool(_REST.fullmatch(line)) and not is_anew


def is_comment(line: str) -> bool:
    """Whether the line may be the comment of the line before it."""
    return bool(_COMMENT.fullmatch(line))


def joined(first: str, rest: str) -> str:
    """Two parts of a line; a line that was broken behind its type has lost a space."""
    return f"{first} {rest}" if re.fullmatch(_TYPE, first) else first + rest


def _split(line: str) -> Line:
    if found := _KEY.fullmatch(line):
        return Line((), found["type"], found["body"] or "", found["comment"] or "")
    if found := _BODY_ALONE.fullmatch(line):
        return Line((), "", found["body"], found["comment"] or "")
    options = _OPTIONS.fullmatch(line)
    found = _KEY.fullmatch(options["rest"]) if options else None
    if options is None or found is None:
        raise KeyRefusedError(key_kinds.other_line(line))
    names = tuple(each["name"].lower() for each in _OPTION.finditer(options["options"]))
    if not names or not all(map(_OPTION_NAMES.fullmatch, names)):
        known_host = re.fullmatch(r"[\w.:,*?!\[\]|+/=@-]*[\w\]*?=]", options["options"])
        raise KeyRefusedError(key_kinds.KNOWN_HOST if known_host else key_kinds.NO_KEY)
    expires = min(_EXPIRES.findall(options["options"]), default="")
    return Line(names, found["type"], found["body"] or "", found["comment"] or "", expires)


def _dropped(options: tuple[str, ...]) -> str:
    if not options:
        return ""
    lost = "; ".join(_RESTRICTIONS[each] for each in _RESTRICTIONS if each in options)
    names = ", ".join(dict.fromkeys(options))
    return f"options were dropped: {names}{'; ' if lost else ''}{lost}"


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (Base64Error, ValueError) as error:
        raise KeyRefusedError(key_kinds.DAMAGED) from error


def _type_in(blob: bytes) -> str:
    """RFC 4253, 6.6: a key begins with the length and the name of its type."""
    length = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + length].decode("ascii", "replace") if length < 64 else ""


def _loaded(line: str) -> SSHPublicKeyTypes:
    try:
        return load_ssh_public_key(line.encode())
    except (UnsupportedAlgorithm, ValueError) as error:
        raise KeyRefusedError(key_kinds.DAMAGED) from error


def _described(key: PublicKeyTypes, comment: str, number: int) -> PublicKey:
    if isinstance(key, RSAPublicKey) and key.key_size < key_kinds.LEAST_RSA_BITS:
        raise KeyRefusedError(key_kinds.weak(key.key_size))
    try:
        line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    except (UnsupportedAlgorithm, ValueError) as error:
        raise KeyRefusedError(key_kinds.other_type("")) from error
    type_name, _, _ = line.partition(" ")
    if type_name not in key_kinds.TYPES:
        raise KeyRefusedError(key_kinds.other_type(type_name))
    if len(line) > _LONGEST - _LONGEST_COMMENT - 1:
        raise KeyRefusedError(key_kinds.TOO_LONG_FOR_TRANSFER)
    comment = _shown(comment)
    return PublicKey(
        line=f"{line} {comment}".rstrip(),
        type=type_name,
        bits=int(getattr(key, "key_size", 256)),
        fingerprint=fingerprint(line),
        comment=comment,
        number=number,
    )


def fingerprint(line: str) -> str:
    """`SHA256:...`, as `ssh-keygen -l` prints it, of a good line."""
    digest = ssh_key_fingerprint(load_ssh_public_key(line.encode()), SHA256())
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _shown(comment: str) -> str:
    """What may stand on one line, and be shown to people."""
    words = "".join(each if each.isprintable() else " " for each in comment).split()
    return " ".join(words)[:_LONGEST_COMMENT].rstrip(" `")
