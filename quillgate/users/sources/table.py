"""A CSV file: `user,key[,folder]`, with or without a header, by commas or semicolons.

A user may have several lines, a field several keys.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from quillgate.users.keys import read_keys
from quillgate.users.sources.found import Found, Place, Trouble, of_paste, read_text

_HEADERS = ("user", "username", "user name", "name", "login")


def read_table(file: Path) -> Iterator[Found]:
    """Everybody in the file, in its order. Raises UserError when it cannot be read."""
    text = read_text(file).removeprefix("\ufeff")
    first, _, _ = text.partition("\n")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows, begin = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True), 1
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            message = f"no CSV from here on ({error}) - put fields with quotes into quotes"
            yield Trouble(Place(file.name, begin), message)
            return
        if row is None:
            return
        is_header = begin == 1 and bool(row) and row[0].strip().lower() in _HEADERS
        if any(field.strip() for field in row) and not is_header:
            yield from _user([field.strip() for field in row], Place(file.name, begin))
        begin = rows.line_num + 1


def _user(row: list[str], place: Place) -> Iterator[Found]:
    if not row[0]:
        yield Trouble(place, "no user name in the first field - write user,key or user,key,folder")
        return
    if not 2 <= len(row) <= 3:
        message = f"{len(row)} fields - write user,key or user,key,folder; quote what has commas"
        yield Trouble(place, message)
        return
    folder = (row[2] or None) if len(row) > 2 else None
    yield from of_paste(row[0], read_keys(row[1]), place, folder)
