"""A CSV file: `user,key[,folder]`, by commas, semicolons or tabs.

With a header the columns may stand in another order. A user may have several lines, a field several
keys.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from quillgate.errors import UserError
from quillgate.operate.words import safe
from quillgate.users.key_kinds import PRIVATE
from quillgate.users.key_text import has_private_key
from quillgate.users.keys import read_keys
from quillgate.users.sources.found import MANY_USERS, Found, Place, Trouble, of_paste, read_text

_DELIMITERS = ",;\t"
_HINT = "sep="  # how Excel is told of the delimiter, in a line before all others
# Column names, in small letters, without what stands between words.
_USER = frozenset({"user", "username", "name", "login"})
_KEY = re.compile(r"(?:ssh)?(?:public|pub)?keys?|authorizedkeys?")
_FOLDER = frozenset({"folder", "home"})
_Columns = Mapping[str, int]
_AS_TOLD: _Columns = {"user": 0, "key": 1, "folder": 2}


def read_table(file: Path) -> Iterator[Found]:
    """Everybody in the file, in its order. Raises UserError when it cannot be read."""
    text = read_text(file, MANY_USERS).removeprefix("\ufeff")
    if not any(each in text for each in _DELIMITERS):
        one = "write lines of user,key; for one user: quillgate users add NAME --key FILE"
        raise UserError("no CSV", safe(str(file)), PRIVATE if has_private_key(text) else one)
    if "\0" in text:
        raise UserError("no CSV", safe(str(file)), "save the sheet as CSV, and name that file")
    rows = csv.reader(_lines(text), delimiter=_delimiter(text), strict=True)
    begin, columns, may_be_header = 1, _AS_TOLD, True
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            message = f"no CSV from here on ({error}) - put fields with quotes into quotes"
            yield Trouble(Place(file.name, begin), message)
            return
        if row is None:
            return
        fields = [field.strip() for field in row]
        if any(fields) and fields[0] != _HINT:
            named = _header(fields, file) if may_be_header else None
            if named:
                columns = named
            else:
                yield from _user(fields, columns, Place(file.name, begin))
            may_be_header = False
        begin = rows.line_num + 1


def _lines(text: str) -> Iterator[str]:
    """As they end on any system, and at nothing else that Unicode takes for an end."""
    return io.StringIO(text, newline="")


def _delimiter(text: str) -> str:
    """The one that comes first: what follows it may be a key whose options have the others."""
    first = next(line for line in _lines(text) if any(each in line for each in _DELIMITERS))
    return min((each for each in _DELIMITERS if each in first), key=first.index)


def _header(fields: list[str], file: Path) -> _Columns | None:
    """Where the columns are, None when it is no header.

    UserError for one that is not known: it may be the folder, by another name.
    """
    kinds = [_kind(field) for field in fields]
    if not {"user", "key"} <= set(kinds):
        return None
    for kind, field in zip(kinds, fields, strict=True):
        if field and (not kind or kinds.count(kind) > 1):
            advice = "name each once: user, key and, if need be, folder - take out the others"
            raise UserError("unknown column", safe(f"{file.name}: {field}"), advice)
    named = {kind: at for at, kind in enumerate(kinds) if kind}
    return {"folder": len(fields), **named}


def _kind(field: str) -> str:
    name = re.sub(r"[\W_]", "", field.lower())
    if name in _USER:
        return "user"
    if name in _FOLDER:
        return "folder"
    return "key" if _KEY.fullmatch(name) else ""


def _user(row: list[str], columns: _Columns, place: Place) -> Iterator[Found]:
    # Empty ones do no harm: spreadsheets give each line as many fields as the longest has.
    strange = any(field for at, field in enumerate(row) if at not in columns.values())
    if strange or len(row) <= columns["key"]:
        message = f"{_fields(len(row))} - write user,key or user,key,folder; quote what has commas"
        yield Trouble(place, message)
        return
    found = {kind: row[at] for kind, at in columns.items() if at < len(row)}
    if not found.get("user"):
        yield Trouble(place, "no user name in this line - write user,key or user,key,folder")
        return
    yield from of_paste(found["user"], read_keys(found["key"]), place, found.get("folder") or None)


def _fields(number: int) -> str:
    return f"{number} field{'' if number == 1 else 's'}"
