"""What a source holds."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from quillgate.errors import UserError
from quillgate.operate.words import safe
from quillgate.users.key_kinds import PRIVATE
from quillgate.users.key_text import text_of
from quillgate.users.keys import Pasted, read_keys
from quillgate.users.model import PublicKey

MANY_USERS = 100_000_000  # bytes: of a file about all users
_ONE_USER = 1_000_000
_MOST_TOLD = 20  # of one file: of one that holds no keys at all, every line is a problem


@dataclass(frozen=True)
class Place:
    """A file of a source, and a line in it, counted from 1; 0: the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{safe(self.file)}:{self.line}" if self.line else safe(self.file)


@dataclass(frozen=True)
class Trouble:
    """What is wrong in a source, where, and what to do about it. It stops nothing else.

    But `spoils` is a user whose private key was found: who knows which keys are the other half.
    """

    place: Place
    message: str
    spoils: str | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True)
class Wanted:
    """A user in a source; `folder` is None where the source does not say."""

    name: str
    keys: tuple[PublicKey, ...]
    place: Place
    folder: str | None = None


@dataclass(frozen=True)
class Remark:
    """What is no trouble, and worth knowing."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


Found = Wanted | Trouble | Remark


def read_text(file: Path, most: int) -> str:
    """A file's text; UserError when it cannot be read, or has more than `most` bytes.

    None of it is left out in silence: who stands behind the end would be.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise UserError("cannot be read", safe(str(file)), f"{error.strerror}") from error
    if len(content) > most:
        raise UserError("too long", safe(str(file)), f"at most {most:,} bytes are read")
    return text_of(content)


def read_file(file: Path, most: int = _ONE_USER) -> str:
    """The same of what was found in a folder: a pipe or a device there may never end."""
    if _is_stream(file):
        raise UserError("no plain file", safe(str(file)), "leave it out")
    return read_text(file, most)


def _is_stream(file: Path) -> bool:
    try:
        return not stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False  # reading it says why


def of_file(name: str, file: Path, shown: str) -> Iterator[Found]:
    """A user whose keys are in one file."""
    try:
        text = read_file(file)
    except UserError as error:
        yield Trouble(Place(shown), str(error))
        return
    yield from of_paste(name, read_keys(text), Place(shown, 1))


def of_paste(name: str, pasted: Pasted, begin: Place, folder: str | None = None) -> Iterator[Found]:
    """A user with the keys that can be used; `begin` is where the paste begins."""

    def at(line: int) -> Place:
        return Place(begin.file, begin.line + line - 1)

    for note in pasted.notes:
        yield Remark(at(note.line), note.message)
    for problem in pasted.problems[:_MOST_TOLD]:
        if problem.message == PRIVATE:
            message = f"{PRIVATE}; {safe(name)} is left out until then"
            yield Trouble(at(problem.line), message, spoils=name)
        else:
            yield Trouble(at(problem.line), problem.message)
    if left := len(pasted.problems[_MOST_TOLD:]):
        yield Trouble(Place(begin.file), f"{left} more lines of it are no key that can be used")
    if pasted.keys:
        yield Wanted(name, pasted.keys, at(pasted.keys[0].number), folder)


def merged(found: Iterable[Wanted]) -> dict[str, Wanted]:
    """One of each name, with all the keys, and the folder that was named first."""
    users: dict[str, Wanted] = {}
    for each in found:
        if not (first := users.get(each.name)):
            users[each.name] = each
            continue
        keys = {key.fingerprint: key for key in (*each.keys, *first.keys)}
        folder = first.folder if first.folder is not None else each.folder
        users[each.name] = Wanted(each.name, tuple(keys.values()), first.place, folder)
    return users
