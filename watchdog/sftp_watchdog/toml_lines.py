"""Where things stand in a TOML text: `tomllib` reads the values but keeps no line numbers.

Used only on texts that `tomllib` has accepted, so it need not find errors itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# What may look like a header or a key at the start of a line and is none. Ordinary strings are
# matched too, so that a `#` or a triple quote inside them starts nothing.
_OPAQUE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_NAME = r"""(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))"""
_HEADER = re.compile(rf"\s*\[\[?\s*{_NAME}")
_KEY = re.compile(rf"\s*{_NAME}\s*[.=]")


@dataclass(frozen=True)
class Table:
    """A header and the keys below it; `name` is its first part, "" for what precedes any header."""

    name: str
    line: int
    keys: dict[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        """The line of `key`, or that of the header where the key is missing."""
        return self.keys.get(key, self.line)


@dataclass(frozen=True)
class Lines:
    """The tables of a text, in its order."""

    tables: tuple[Table, ...]

    def named(self, name: str, count: int = 1) -> list[Table]:
        """The `count` tables of that name; one without a header is at its key's line."""
        found = [table for table in self.tables if table.name == name]
        inline = Table(name, self.tables[0].line_of(name))
        return [*found, *[inline] * (count - len(found))]


def scan(text: str) -> Lines:
    """Find each header and key of `text` with its line, counted from 1."""
    tables = [Table("", 1)]
    for number, line in enumerate(_OPAQUE.sub(_without_lines, text).split("\n"), start=1):
        if header := _HEADER.match(line):
            tables.append(Table(_name(header), number))
        elif key := _KEY.match(line):
            tables[-1].keys.setdefault(_name(key), number)
    return Lines(tuple(tables))


def _without_lines(match: re.Match[str]) -> str:
    found = match.group()
    if found.startswith("#"):
        return ""
    return found if "\n" not in found else '""' + "\n" * found.count("\n")


def _name(match: re.Match[str]) -> str:
    return next(name for name in match.groups() if name is not None)
