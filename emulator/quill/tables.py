"""What is in a CSV file: rows, columns, totals; or why it is not a readable table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from emulator.quill.lines import RECORD_LIMIT, RecordLines, TooLong
from emulator.quill.totals import MOST_COLUMNS, Totals, as_number

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE_LINES = 20
_YEAR = re.compile(r"(?:19|20)\d\d")
_TOLD = re.compile(r'"?sep=([,;\t|])"?\s*')  # Excel's first line
# The reader's own limit is less than what a record may have.
csv.field_size_limit(RECORD_LIMIT)


@dataclass(frozen=True)
class Table:
    """One table. `ragged`: rows of another width, not in the totals. `problem`: why it ends."""

    separator: str
    header: bool
    width: int
    rows: int
    ragged: int
    columns: tuple[Totals, ...]
    problem: str | None


def read_table(text: io.TextIOBase, usual: str = ",") -> Table:
    """Reads to the end, or to the first thing that no table has. `usual`: delimiter if in doubt."""
    lines = RecordLines(text)
    counter = _Counter()
    delimiter, problem = usual, None
    try:
        sample = _sample(lines)
        if sample and (told := _TOLD.fullmatch(sample[0])):
            sample, delimiter = sample[1:], told[1]
        else:
            delimiter = _delimiter(sample, usual)
        rows = csv.reader(chain(sample, lines), delimiter=delimiter, strict=True)
        for row in rows:
            lines.new_record()
            counter.add(row)
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text, nor UTF-16 with a byte order mark"
    except (csv.Error, TooLong) as error:
        problem = str(error)
    return counter.table(_DELIMITERS[delimiter], problem)


def _sample(lines: RecordLines) -> list[str]:
    """The first lines, each counted by itself: nobody knows yet where records end."""

    def one_by_one() -> Iterator[str]:
        for line in lines:
            lines.new_record()
            yield line

    return list(islice(one_by_one(), _SAMPLE_LINES))


def _delimiter(sample: list[str], usual: str) -> str:
    """The one by which most lines are as wide as the first, and that width the greatest."""

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        if not widths or widths[0] == 1:
            return (0, 0)
        return (widths.count(widths[0]) / len(widths), widths[0])

    return max([usual, *_DELIMITERS], key=fitness)


class _Counter:
    """Counts rows as they come; the first one decides names and width."""

    def __init__(self) -> None:
        self._width = self._rows = self._ragged = 0
        self._header = False
        self._columns: tuple[Totals, ...] = ()

    def add(self, row: list[str]) -> None:
        if not row:
            return
        if not self._width and self._starts(row):
            return
        self._rows += 1
        if len(row) == self._width:
            self._sum(row)
        else:
            self._ragged += 1

    def _starts(self, row: list[str]) -> bool:
        """Sets up the columns; True when the row held their names: words, and years perhaps."""
        self._width = len(row)
        cells = [cell.strip() for cell in row]
        numbers = [cell for cell in cells if as_number(cell) is not None]
        words = len(numbers) < len([cell for cell in cells if cell])
        self._header = words and all(_YEAR.fullmatch(number) for number in numbers)
        numbered = (f"column {place}" for place in range(1, self._width + 1))
        names: Iterable[str] = row if self._header else numbered
        self._columns = tuple(Totals(name.strip()) for name in islice(names, MOST_COLUMNS))
        return self._header

    def _sum(self, row: list[str]) -> None:
        for column, cell in zip(self._columns, row, strict=False):
            if value := cell.strip():
                column.add(None if column.others else as_number(value))

    def table(self, separator: str, problem: str | None) -> Table:
        return Table(
            separator, self._header, self._width, self._rows, self._ragged, self._columns, problem
        )
