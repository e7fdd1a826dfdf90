from __future__ import annotations

import csv
import hashlib
import io
import json
from decimal import Decimal
from itertools import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.quill.inbox import Job
from emulator.quill.lines import RECORD_LIMIT
from emulator.quill.stories import printable, tell
from emulator.quill.tables import read_table
from tests.unit.quill_fakes import notification


def story(name: str, content: bytes, piece: int = 7) -> str:
    chunks = (content[at : at + piece] for at in range(0, len(content), piece))
    told = notification(name, size=len(content))
    return tell(Job(1, told, "2026-11-23T09:00:01.000Z"), chunks)


def test_a_table_is_counted_and_added_up() -> None:
    content = b'region,amount,note\nNorth,10.10,"a, b"\n"So\nuth",-0.05,\nEast,2e1,x\n'

    text = story('q3 sales+más "x" 100%.csv', content)

    assert 'The story of q3 sales+más "x" 100%.csv' in text
    assert "Project:   acme-sales" in text
    assert 'Key:       acme/incoming/eu/q3 sales+más "x" 100%.csv' in text
    assert "Received:  2026-11-23T09:00:01.000Z" in text
    assert f"Size:      {len(content)} bytes" in text
    assert f"SHA-256:   {hashlib.sha256(content).hexdigest()}" in text
    assert "separated by commas, named by its first row: 3 rows, 3 columns." in text
    assert "  region: 3 values, not numeric" in text
    assert "  amount: 3 values, sum 30.05, min -0.05, max 20" in text
    assert "  note: 2 values, not numeric" in text
    assert "Attention" not in text
    for cell in ("North", "uth", "East", "a, b"):
        assert cell not in text


@pytest.mark.parametrize(
    ("delimiter", "word"),
    [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")],
)
def test_other_delimiters_are_recognised(delimiter: str, word: str) -> None:
    rows = [["name", "price"], ["a,b c", "1"], ["d", "2"]]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)

    text = story("x.CSV", out.getvalue().encode())

    assert f"separated by {word}, named by its first row: 2 rows, 2 columns." in text
    assert "  price: 2 values, sum 3, min 1, max 2" in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_a_name(encoding: str) -> None:
    text = story("x.tsv", "größe\tn\r\n1\t2\r\n".encode(encoding))

    assert "separated by tabs" in text
    assert "  größe: 1 value, sum 1, min 1, max 1" in text


def test_a_first_row_with_numbers_is_data() -> None:
    text = story("x.csv", b"a,1\nb,2\n")

    assert "without a row of names: 2 rows, 2 columns." in text
    assert "  column 2: 2 values, sum 3, min 1, max 2" in text


def test_codes_are_not_added_up() -> None:
    assert "  code: 2 values, not numeric" in story("x.csv", b"code,n\n007,1\n10,1\n")


def test_a_ragged_table_says_so() -> None:
    text = story("x.csv", b"a,b\n1,2\n3\n4,5,6\n\n7,8\n")

    assert "4 rows, 2 columns." in text
    assert "It is ragged: 2 rows not 2 columns wide, left out of the totals." in text
    assert "  a: 2 values, sum 8, min 1, max 7" in text


def test_a_table_in_another_encoding_says_so_and_is_still_read_to_the_end() -> None:
    content = b"a,b\n1,2\n" + b"\xe9\xff,3\n" * 200_000

    text = story("x.csv", content, piece=65536)

    assert "It is not a readable table: it is not UTF-8 text" in text
    assert hashlib.sha256(content).hexdigest() in text


def test_a_quote_that_never_ends_is_no_table_and_takes_no_memory() -> None:
    assert "not a readable table: unexpected end of data" in story("x.csv", b'a,b\n"1,2\n')
    endless = story("x.csv", b'a,b\n"1,2\n' + b"3,4\n" * 400_000, piece=65536)
    assert "not a readable table: " in endless


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_line_that_never_ends_takes_no_memory(name: str) -> None:
    told = notification(name, size=0)
    pieces = repeat(b"1," * 32768, 3 * RECORD_LIMIT // 65536)

    text = tell(Job(1, told, "2026-11-23T09:00:01.000Z"), pieces)

    assert f"a record is longer than {RECORD_LIMIT} characters" in text
    assert f"Size:      {3 * RECORD_LIMIT} bytes" in text
    assert "Attention: the notification gave the size as 0 bytes" in text


def test_a_table_of_very_many_columns_shows_the_first() -> None:
    names = ",".join(f"c{place}" for place in range(300))

    text = story("x.csv", names.encode(), piece=4096)

    assert "  c255: 0 values, empty\n  ... and 44 more, not shown" in text


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.text(max_size=8), st.decimals(-(10**9), 10**9, places=3)),
        min_size=1,
        max_size=20,
    )
)
def test_totals_are_exact_whatever_stands_beside_them(rows: list[tuple[str, Decimal]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([("text", "amount"), *rows])

    table = read_table(io.StringIO(out.getvalue(), newline=""))

    assert (table.problem, table.rows, table.width) == (None, len(rows), 2)
    amount = table.columns[1]
    assert amount.total == sum(number for _, number in rows)
    assert amount.least == min(number for _, number in rows)
    assert amount.most == max(number for _, number in rows)


@settings(max_examples=30)
@given(st.binary(max_size=300), st.sampled_from(["x.csv", "x.tsv", "x.ndjson", "x", "x.pdf"]))
def test_any_bytes_have_a_story(content: bytes, name: str) -> None:
    assert f"SHA-256:   {hashlib.sha256(content).hexdigest()}" in story(name, content)


def test_json_lines_are_counted_and_added_up() -> None:
    lines = [
        {"id": "Miller", "n": 1.10, "flag": True},
        {"id": "Smith", "n": 2, "deep": {"n": 3}},
        {"id": None},
        [1, 2],
    ]
    content = "\n".join([*map(json.dumps, lines), '{"half": ', "NaN", "[" * 100_000, ""])

    text = story("x.jsonl", content.encode(), piece=65536)

    assert "It is JSON lines: 3 records." in text
    assert "1 line held JSON that is no object." in text
    assert "3 lines could not be read as JSON." in text
    assert "  id: 2 values, not numeric" in text
    assert "  n: 2 values, sum 3.1, min 1.1, max 2" in text
    assert "  flag: 1 value, not numeric" in text
    assert "Miller" not in text


def test_numbers_without_end_are_not_added_up() -> None:
    text = story("x.ndjson", b'{"n": 1e999999, "m": ' + b"9" * 5000 + b"}", piece=4096)

    assert "  n: 1 value, not numeric\n  m: 1 value, not numeric" in text


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("x.bin", b"%PDF-1.7 ...", "It is a PDF document, by its first bytes."),
        ("x.HTML", b"<p>", "It is text/html, by its name."),
        ("x.csv.gz", b"\x1f\x8b\x08", "It is gzip data, by its first bytes."),
        ("x.csv.gz", b"no gzip", "It is of a type unknown to Quill."),
        ("x", b"?", "It is of a type unknown to Quill."),
        ("x.csv", b"", "It is an empty file."),
        ("x.jsonl", b"", "It is an empty file."),
    ],
)
def test_other_files_are_named_by_kind(name: str, content: bytes, kind: str) -> None:
    assert kind in story(name, content)


def test_a_name_stays_on_its_line() -> None:
    assert printable("a\nb\x1b[1m\u2028é\\") == "a\\nb\\x1b[1m\\u2028é\\"
    assert "a\\nProject:   fake.csv" in story("a\nProject:   fake.csv", b"")


def test_years_may_be_names_of_columns() -> None:
    told = story("x.csv", b"region,2023,2024\nNorth,10,20\nSouth,5,6\n")
    assert "named by its first row: 2 rows" in told
    assert "2023: 2 values, sum 15" in told
    assert "without a row of names" in story("x.csv", b"2023,7\n2024,8\n")


def test_excels_own_first_line_is_no_row() -> None:
    told = story("x.csv", b"sep=;\r\nname;amount\r\na,b;1\r\n")
    assert "separated by semicolons, named by its first row: 1 row, 2 columns" in told


def test_a_wide_table_and_a_long_field_are_read() -> None:
    names = ",".join(f"column-{number}" for number in range(20_000))
    assert "1 row, 20000 columns" in story("x.csv", f"{names}\n{'1,' * 19_999}1\n".encode())
    assert "1 row, 2 columns" in story("x.csv", b"a,b\n" + b"x" * 300_000 + b",1\n")
