"""A folder of authorized_keys files.

`<user>.pub`, `<user>`, `<user>/authorized_keys` or `<user>/.ssh/authorized_keys`; what begins with
a dot is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from quillgate.users.sources.found import Found, Place, Trouble, of_file

_FILES = ("authorized_keys", ".ssh/authorized_keys", ".ssh/authorized_keys2")


def read_folder(folder: Path) -> Iterator[Found]:
    """Everybody in the folder, by name."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _in_folder(path)
        else:
            yield from of_file(path.name.removesuffix(".pub"), path, path.name)


def keys_below(folder: Path) -> list[Path]:
    """The files with keys in one user's folder."""
    return [folder / name for name in _FILES if (folder / name).is_file()]


def _in_folder(folder: Path) -> Iterator[Found]:
    if not (files := keys_below(folder)):
        yield Trouble(Place(folder.name), f"neither {' nor '.join(_FILES[:2])} in it - add one")
    for file in files:
        yield from of_file(folder.name, file, str(file.relative_to(folder.parent)))
