"""What mail programs, editors and web pages do to a pasted text, undone; and private keys in it."""

from __future__ import annotations

import html
import re

_INVISIBLE = re.compile("[\x00\u00ad\u200b-\u200f\u2060\ufeff]")
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        **dict.fromkeys("\u2014\u2015", "--"),
        **dict.fromkeys("\u00a0\u2007\u202f\t", " "),
    }
)
_ENTITY = re.compile(r"&(?:[a-z]{2,6}|#\d{2,5}|#x[0-9a-f]{2,5});", re.IGNORECASE)
# Quoted in a mail, or in a code block.
_BEFORE, _BEHIND = " >`", " `"

# The armour of PEM, OpenSSH, PGP and SSH2; PuTTY's files; and their bodies without armour: the
# openssh-key-v1 magic and the DER of PKCS#1, PKCS#8 and SEC 1.
_PRIVATE = re.compile(
    r"(?i:BEGIN\s+(?:\w+\s+){0,3}PRIVATE\s+KEY"
    r"|PuTTY-User-Key-File|Private-(?:Lines|MAC|Hash)\s*:|AGE-SECRET-KEY-)"
    r"|b3BlbnNzaC1rZXktdjE"
    r"|(?<![A-Za-z0-9+/])(?:MII.{3}IBA[AD]|MHcCAQEE|MIGkAgEB|MIHcAgEB"
    r"|MIGHAgEAM|MIG2AgEAM|MIHuAgEAM|MC4CAQAwBQYDK2V)"
)


def text_of(content: bytes) -> str:
    """A file's text; Windows' UTF-16 is told by its mark, what is no UTF-8 is taken as Latin-1."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def clean_lines(text: str) -> list[str]:
    """The text's lines as they were before mail programs and editors had them."""
    if _ENTITY.search(text):
        text = html.unescape(text)
    text = _INVISIBLE.sub("", text).translate(_LOOKALIKES)
    return [_bare(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def private_line(lines: list[str]) -> int | None:
    """The number of the line where a private key begins, if there is any; counted from 1."""
    text = "\n".join(lines)
    found = _PRIVATE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def has_private_key(text: str) -> bool:
    """Whether a private key is in a text, wherever: people paste those into any field."""
    return private_line(clean_lines(text)) is not None


def _bare(line: str) -> str:
    bare = line.strip().lstrip(_BEFORE).rstrip(_BEHIND)
    is_quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\""
    return bare[1:-1].strip() if is_quoted else bare
