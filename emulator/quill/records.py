"""What is in a file of JSON lines: records, their fields, totals."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from decimal import Decimal

from emulator.quill.lines import RecordLines, TooLong
from emulator.quill.totals import MOST_COLUMNS, Totals, as_number

_NAME_CHARACTERS = 200  # of a field's name are kept


@dataclass(frozen=True)
class Records:
    """`others`: lines that are JSON but no object; `broken`: that are no JSON at all."""

    records: int
    others: int
    broken: int
    fields: tuple[Totals, ...]
    more_fields: bool
    problem: str | None


def read_records(text: io.TextIOBase) -> Records:
    """Reads to the end, or to the first line that is no text or too long."""
    counter, lines, problem = _Counter(), RecordLines(text), None
    try:
        for line in lines:
            lines.new_record()
            counter.add(line.strip())
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text, nor UTF-16 with a byte order mark"
    except TooLong as error:
        problem = str(error)
    return counter.records(problem)


class _Counter:
    def __init__(self) -> None:
        self._records = self._others = self._broken = 0
        self._fields: dict[str, Totals] = {}
        self._more_fields = False

    def add(self, line: str) -> None:
        if not line:
            return
        try:
            value = json.loads(
                line, parse_int=_number, parse_float=_number, parse_constant=_no_json
            )
        except (ValueError, RecursionError):
            self._broken += 1
            return
        if isinstance(value, dict):
            self._records += 1
            self._sum(value)
        else:
            self._others += 1

    def _sum(self, record: dict[str, object]) -> None:
        for long_name, value in record.items():
            name = long_name[:_NAME_CHARACTERS]
            if name not in self._fields and len(self._fields) == MOST_COLUMNS:
                self._more_fields = True
                continue
            field = self._fields.setdefault(name, Totals(name))
            if value is not None:
                field.add(value if isinstance(value, Decimal) else None)

    def records(self, problem: str | None) -> Records:
        fields = tuple(self._fields.values())
        return Records(
            self._records, self._others, self._broken, fields, self._more_fields, problem
        )


def _number(text: str) -> Decimal | str:
    """Numbers too long to be added exactly stay text."""
    number = as_number(text)
    return text if number is None else number


def _no_json(word: str) -> object:
    raise ValueError(f"not JSON: '{word}'")
