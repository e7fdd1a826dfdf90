"""What people take for a public SSH key, and what to tell them."""

from __future__ import annotations

import re

TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
)
LEAST_RSA_BITS = 2048

_TAKEN = "ed25519, RSA of 2,048 bits or more, or ECDSA (nistp256, nistp384, nistp521)"
MAKE_ONE = f"make a key of a type that is taken: {_TAKEN}"

PRIVATE = (
    "this is the PRIVATE half of a key; nothing of it was kept - treat it as exposed: the customer "
    "makes a new pair and sends the public half only (the file that ends in .pub)"
)
NOTHING = (
    "there is nothing in it - paste the public key, one line such as `ssh-ed25519 AAAA... name`"
)
TOO_LONG = "this is far longer than public keys are - paste the public key alone"
DAMAGED = (
    "the key is damaged or incomplete - copy the whole line again, from its first letters "
    "to its last"
)
TOO_LONG_FOR_TRANSFER = (
    "the key is longer than the 2,048 characters Transfer takes - use ed25519 or RSA of 4,096 bits"
)
NO_KEY = (
    "this is no public SSH key - leave out other words, paste a line such as "
    "`ssh-ed25519 AAAA... name`"
)
AUTHORITY = (
    "the option cert-authority makes this a key that signs others, not one to log in with - "
    "paste the customer's own key"
)
EXPIRED = (
    "the option expiry-time has ended this key: it would come back to life - ask the customer for "
    "a new one, or take the option out"
)
KNOWN_HOST = (
    "this is a line of known_hosts: the key of a server, not of a person - paste the customer's key"
)
SEVERAL = "there are several keys on this line - put each on a line of its own"
NO_END = "the last line of the key's block (`END`) is missing - copy the whole block again"


def weak(bits: int) -> str:
    """RSA that is too short."""
    return (
        f"an RSA key of {bits} bits is too weak: at least {LEAST_RSA_BITS} are taken - {MAKE_ONE}"
    )


_OTHER_TYPES = (
    (r".*-cert-v0[01]@openssh\.com", f"this is an SSH certificate, not a key - {MAKE_ONE}"),
    (r"(?:sk-|webauthn-sk-).*", f"a key on a security token (FIDO) is not taken - {MAKE_ONE}"),
    (r"ssh-dss", f"a DSA key is not taken: too weak - {MAKE_ONE}"),
    (r"x509v3-.*", f"this is an X.509 certificate, not a key - {MAKE_ONE}"),
    (
        r"rsa-sha2-(?:256|512)",
        "that is the name of a signature, not of a key - write ssh-rsa instead",
    ),
    (r".*", f"a key of this type is not taken - {MAKE_ONE}"),
)
_BLOCKS = (
    (
        r".*CERTIFICATE.*",
        "this is an X.509 certificate (or a request for one), not an SSH key - ask the customer "
        "for the SSH public key",
    ),
    (
        r"PGP .*",
        "this is a PGP key: it is for signing and encrypting, not for SFTP - ask the customer for "
        "an SSH public key",
    ),
    (r".*", NO_KEY),
)
_LINES = (
    (
        r"(?:\d+ )?(?:SHA256:[\w+/=]{20,}|MD5:[0-9a-f:]{20,}|(?:[0-9a-f]{2}:){15}[0-9a-f]{2})\b.*",
        "this is a key's fingerprint, not the key - ask for the file that ends in .pub",
    ),
    (r"\d+ \d+ \d{50,}.*", f"this is a key for SSH 1, which is long gone - {MAKE_ONE}"),
    (r"(?:https?|file)://.*", "this is an address - open it and paste what it shows"),
    (
        r"(?:[A-Za-z]:\\|~?/|\.\.?[/\\]|%\w+%)[^<>|]*|[\w.-]+\.pub",
        "this is the name of a file - open the file and paste what is in it",
    ),
)


def other_type(name: str) -> str:
    """Why a key of a type that Transfer does not take is refused."""
    return _first(_OTHER_TYPES, name)


def other_block(what: str) -> str:
    """What a block is that begins with `BEGIN <what>`."""
    return _first(_BLOCKS, what)


def other_line(line: str) -> str:
    """What a line is that holds no key."""
    return _first((*_LINES, (r".*", NO_KEY)), line)


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next(told for pattern, told in table if re.fullmatch(pattern, text, re.DOTALL))
