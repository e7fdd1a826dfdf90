"""A folder of authorized_keys files.

`<user>.pub`, `<user>`, `<user>/authorized_keys` or `<user>/.ssh/authorized_keys`; what begins with
a dot is passed over. What an editor or a person has put aside, such as `acme.bak`, is nobody's: it
may hold a key that was taken away since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from quillgate.errors import UserError
from quillgate.users.sources.found import Found, Place, Trouble, of_file

SSHD_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_FILES = ("authorized_keys", *SSHD_FILES)
# Of somebody's .ssh folder: they are no names of users.
_OF_ONE_USER = re.compile(r"authorized_keys2?|known_hosts|id_(?:rsa|dsa|(?:ecdsa|ed25519)(?:_sk)?)")
# Whole names of files: `acme.old.pub` is the user acme.old's.
_PUT_ASIDE = re.compile(r".+(?:~|\.(?:bak|backup|old|orig|save|swp|tmp|txt|key|PUB))")


def read_folder(folder: Path) -> Iterator[Found]:
    """Everybody in the folder, by name; UserError when it cannot be read."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise UserError("cannot be read", str(folder), f"{error.strerror}") from error
    for path in paths:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _in_folder(path)
        else:
            yield from _in_file(path.name.removesuffix(".pub"), path)


def _in_file(name: str, file: Path) -> Iterator[Found]:
    found = of_file(name, file, file.name)
    if not (_OF_ONE_USER.fullmatch(name) or _PUT_ASIDE.fullmatch(file.name)):
        yield from found
        return
    yield from (each for each in found if isinstance(each, Trouble) and each.spoils)
    advice = "call it <user>.pub, or leave it out"
    yield Trouble(Place(file.name), f"its name does not say whose keys these are - {advice}")


def keys_below(folder: Path, names: Sequence[str]) -> list[Path]:
    """The files with keys in one user's folder."""
    return [folder / name for name in names if _may_be_there(folder / name)]


def _may_be_there(file: Path) -> bool:
    """What may not be looked at counts as there: reading it then says why not."""
    try:
        return file.is_file()
    except OSError:
        return True


def _in_folder(folder: Path) -> Iterator[Found]:
    if not (files := keys_below(folder, _FILES)):
        yield Trouble(Place(folder.name), f"neither {' nor '.join(_FILES[:2])} in it - add one")
    for file in files:
        yield from of_file(folder.name, file, str(file.relative_to(folder.parent)))
