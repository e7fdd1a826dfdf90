"""What people paste for a public key: understood, or explained line by line.

Nothing that was pasted is repeated in a problem: it may be a private key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from quillgate.users import key_kinds
from quillgate.users.key_line import (
    KeyRefusedError,
    from_pem,
    goes_on,
    is_comment,
    is_unfinished,
    joined,
    public_key,
)
from quillgate.users.key_text import clean_lines, private_line
from quillgate.users.model import PublicKey

_LONGEST_PASTE = 1_000_000
_MOST_PARTS = 60
_BEGIN = re.compile(r"-* ?BEGIN (?P<what>[A-Z0-9 ]+?) ?-+")
_END = re.compile(r"(?<!-)-++ ?END [A-Z0-9 ]+?-*$")
# RFC 4716, 3.3: `Tag: value`; a line that ends with a backslash goes on.
_HEADERS = re.compile(r"(?:[\w-]+:(?:[^\n]*\\\n)*+[^\n]*\n)*+")
_COMMENT = re.compile(r"^comment: *\"?(.*?)\"?$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Problem:
    """Something to say of what was pasted, and on which line it is, counted from 1."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True)
class Pasted:
    """The keys that can be used, each once; why the rest cannot; and what to know of the keys."""

    keys: tuple[PublicKey, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def read_keys(text: str) -> Pasted:
    """Read what was pasted: never raises, whatever it is. A private key spoils all of it."""
    if len(text) > _LONGEST_PASTE:
        return Pasted(problems=(Problem(1, key_kinds.TOO_LONG),))
    lines = clean_lines(text)
    if number := private_line(lines):
        return Pasted(problems=(Problem(number, key_kinds.PRIVATE),))
    found = list(_read(lines))
    keys = {each.fingerprint: each for each in reversed(found) if isinstance(each, PublicKey)}
    problems = tuple(each for each in found if isinstance(each, Problem))
    if not found:
        problems = (Problem(1, key_kinds.NOTHING),)
    notes = tuple(Problem(*each) for each in found if isinstance(each, _Note))
    return Pasted(tuple(reversed(keys.values())), problems, notes)


class _Note(NamedTuple):
    """What to know of a key that is taken."""

    line: int
    message: str


_Found = PublicKey | Problem | _Note


def _read(lines: list[str]) -> Iterator[_Found]:
    at = 0
    while at < len(lines):
        if not lines[at] or lines[at].startswith("#"):
            at += 1
            continue
        take = _block if _BEGIN.match(lines[at]) else _line
        found, length = take(lines, at)
        yield from found
        at += length


def _line(lines: list[str], at: int) -> tuple[list[_Found], int]:
    """The key that begins on a line, joined with those behind it as long as that may help."""
    refused, text = None, lines[at]
    for length in range(1, _MOST_PARTS):
        more = lines[at + length] if at + length < len(lines) else ""
        try:
            key, note = public_key(text, at + 1)
        except KeyRefusedError as error:
            refused = refused or Problem(at + 1, str(error))
        else:
            slipped = not key.comment and is_comment(more)
            if slipped:
                key, _ = public_key(f"{text} {more}", at + 1)
            return [key, *([_Note(at + 1, note)] if note else [])], length + slipped
        if not (is_unfinished(text) and goes_on(text, more)):
            break
        text = joined(text, more)
    return [refused] if refused else [], length


def _block(lines: list[str], at: int) -> tuple[list[_Found], int]:
    """What stands between BEGIN and END, which may be on one line."""
    begin = _BEGIN.match(lines[at])
    for end in range(at, len(lines)):
        if begin and (found := _END.search(lines[end])):
            text = "\n".join([*lines[at:end], lines[end][: found.start()]])
            return [_of_block(begin["what"], text[begin.end() :].strip(), at + 1)], end - at + 1
    return [Problem(at + 1, key_kinds.NO_END)], len(lines) - at


def _of_block(what: str, body: str, number: int) -> _Found:
    try:
        if what == "SSH2 PUBLIC KEY":
            return public_key(_ssh2(body), number)[0]
        if what in ("PUBLIC KEY", "RSA PUBLIC KEY"):
            return from_pem(what, body.split(), number)
    except KeyRefusedError as error:
        return Problem(number, str(error))
    return Problem(number, key_kinds.other_block(what))


def _ssh2(body: str) -> str:
    """One line of the base64, and the comment from the headers."""
    headers = _HEADERS.match(body)
    told = headers[0].replace("\\\n", "") if headers else ""
    comment = _COMMENT.search(told)
    base64 = "".join(body[len(headers[0]) if headers else 0 :].split())
    return f"{base64} {comment[1] if comment else ''}".strip()
