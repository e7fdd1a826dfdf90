"""The story of a file: read it once, as a stream, and say what is true about it.

No value of a customer's cell gets into a story: names of columns and totals do.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from emulator.quill.contract import Notification
from emulator.quill.inbox import Job
from emulator.quill.kinds import PEEK, kind_of
from emulator.quill.lines import CountedBytes, as_text
from emulator.quill.records import Records, read_records
from emulator.quill.tables import Table, read_table
from emulator.quill.totals import MOST_COLUMNS, Totals

_BLOCK = 1 << 18
_LONGEST_NAME = 80


def tell(job: Job, chunks: Iterable[bytes]) -> str:
    """The story as plain text. `chunks`: the file's bytes; whatever they raise is passed on."""
    raw = CountedBytes(chunks)
    findings = list(_findings(job.notification.file_name, io.BufferedReader(raw, _BLOCK)))
    lines = [*_heading(job.notification), *_facts(job, raw), "", *findings]
    return "\n".join(lines) + "\n"


def _heading(notification: Notification) -> list[str]:
    title = f"The story of {printable(notification.file_name)}"
    return [title, "=" * min(len(title), 72), ""]


def _facts(job: Job, raw: CountedBytes) -> Iterator[str]:
    told = job.notification
    yield f"Project:   {told.project}"
    yield f"Key:       {printable(told.key)}"
    yield f"Version:   {printable(told.version_id)}"
    by = f" by {printable(told.uploaded_by)}" if told.uploaded_by else ""
    yield f"Uploaded:  {told.uploaded_at}{by}"
    yield f"Received:  {job.received_at}"
    yield f"Size:      {_count(raw.size, 'byte')}"
    yield f"SHA-256:   {raw.sha256}"
    if raw.size != told.size:
        yield f"Attention: the notification gave the size as {_count(told.size, 'byte')}"


def _findings(name: str, stream: io.BufferedReader) -> Iterator[str]:
    """Says what is inside, and reads to the end whatever it finds: size and digest need it all."""
    suffix = name.lower().rsplit(".", 1)[-1]
    start = stream.peek(PEEK)[:PEEK]
    if start and suffix in ("csv", "tsv"):
        text = as_text(stream)
        yield from _table(read_table(text, "\t" if suffix == "tsv" else ","))
        text.detach()
    elif start and suffix in ("jsonl", "ndjson"):
        text = as_text(stream)
        yield from _records(read_records(text))
        text.detach()
    else:
        yield f"It is {kind_of(name, start)}."
    while stream.read(_BLOCK):
        pass


def _table(table: Table) -> Iterator[str]:
    if table.problem:
        yield f"It is not a readable table: {table.problem}."
        yield f"Until there it had {_count(table.rows, 'row')}. No totals are given."
        return
    names = "named by its first row" if table.header else "without a row of names"
    yield (
        f"It is a table, separated by {table.separator}, {names}: "
        f"{_count(table.rows, 'row')}, {_count(table.width, 'column')}."
    )
    if table.ragged:
        yield (
            f"It is ragged: {_count(table.ragged, 'row')} not {_count(table.width, 'column')} "
            "wide, left out of the totals."
        )
    yield from _columns("Columns", table.columns)
    if table.width > MOST_COLUMNS:
        yield f"  ... and {table.width - MOST_COLUMNS} more, not shown"


def _records(found: Records) -> Iterator[str]:
    if found.problem:
        yield f"It is not readable as JSON lines: {found.problem}."
        yield f"Until there it had {_count(found.records, 'record')}. No totals are given."
        return
    yield f"It is JSON lines: {_count(found.records, 'record')}."
    if found.others:
        yield f"{_count(found.others, 'line')} held JSON that is no object."
    if found.broken:
        yield f"{_count(found.broken, 'line')} could not be read as JSON."
    yield from _columns("Fields", found.fields)
    if found.more_fields:
        yield f"  ... and more than {MOST_COLUMNS} names, not shown"


def _columns(heading: str, columns: tuple[Totals, ...]) -> Iterator[str]:
    if not columns:
        return
    yield ""
    yield heading
    for column in columns:
        yield f"  {_short(column.name)}: {_count(column.values, 'value')}, {column.in_words()}"


def _short(name: str) -> str:
    name = printable(name) or "(no name)"
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """The text on one line: a line end or another control character shows as `\\n`, `\\x07`."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
