"""Which kind of source a path is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from quillgate.errors import UserError
from quillgate.users.sources.folder import read_folder
from quillgate.users.sources.found import Found
from quillgate.users.sources.passwd import USERS_FILE, read_passwd
from quillgate.users.sources.table import read_table


def read_source(path: Path) -> list[Found]:
    """Everybody in a folder of keys, an old server's files or a CSV file.

    UserError for others, and where nobody is.
    """
    if found := list(_read(path)):
        return found
    raise UserError("nobody is in", str(path), "see `quillgate users import --help`")


def _read(path: Path) -> Iterator[Found]:
    if path.is_dir():
        return read_passwd(path) if (path / USERS_FILE).exists() else read_folder(path)
    if path.exists():
        return read_table(path)
    advice = f"name a folder of authorized_keys files, one with {USERS_FILE} in it, or a CSV file"
    raise UserError("nothing to import from", str(path), advice)
