"""The fidelity table: its rows make sense, its page is theirs, and AWS's differences are told."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.integration.conformance.differences import Difference, summary
from tests.integration.conformance.fidelity import PAGE, SOURCES, page
from tests.integration.conformance.openssh import EXPECTED
from tests.integration.conformance.row import Mark, Outcome, Row
from tests.integration.conformance.table import ROWS

ROW = Row(
    area="operation",
    case="rename onto a file",
    aws="not supported",
    source="TF-FILE",
    mark="D",
    expected=Outcome(4, "File already exists"),
    observe=lambda _: Outcome(),
    words="U",
)
OTHER_WORDS = Outcome(4, "Failure")
DONE = Outcome()


def test_no_two_rows_have_one_name() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_run_or_says_why_not(row: Row) -> None:
    assert (row.observe is None) == bool(row.not_run)
    assert row.verdict in ("exact", "not run") or row.why
    known = "|".join(map(re.escape, SOURCES))
    assert re.match(rf"(({known})\b|-$|https://)", row.source), row.source


def test_what_compose_answers_otherwise_is_told_of_rows_there_are() -> None:
    rows = {row.name: row for row in ROWS}
    for name, outcome in EXPECTED.items():
        ours = rows[name].expected_on("localstack")
        assert (ours.code, ours.found) != (outcome.code, outcome.found), name
        assert rows[name].expected_on("compose") == outcome


def test_the_page_is_the_rows() -> None:
    assert PAGE.read_text() == page(), "run: make fidelity"


def test_what_agrees_is_no_difference() -> None:
    assert list(Difference.between(ROW, ROW.expected)) == []
    assert list(Difference.between(replace(ROW, expected=Outcome(4)), OTHER_WORDS)) == []
    row = replace(ROW, elsewhere={"aws": DONE})
    assert list(Difference.between(row, DONE)) == []


@pytest.mark.parametrize(
    ("seen", "weight"),
    [(OTHER_WORDS, "U"), (Outcome(8, "File already exists"), "U"), (DONE, "D")],
    ids=["words", "status", "it works"],
)
def test_other_words_count_less_than_another_behaviour(seen: Outcome, weight: Mark) -> None:
    (difference,) = Difference.between(ROW, seen)
    assert difference.weight == weight


def test_what_is_known_to_differ_is_settled_by_aws() -> None:
    row = replace(ROW, different="for a reason")
    (difference,) = Difference.between(row, DONE)
    assert difference.weight == "U"


def test_the_summary_tells_contradictions_from_what_is_settled() -> None:
    found = [*Difference.between(ROW, DONE), *Difference.between(ROW, OTHER_WORDS)]
    assert summary(found) == [
        "",
        "AWS differs from the fidelity table: 1; settled: 1",
        "[D] operation: rename onto a file",
        '    expected  4 "File already exists"',
        "    AWS       done",
        "[U] operation: rename onto a file",
        '    settled: AWS answers 4 "Failure"',
    ]


def test_without_differences_nothing_is_printed() -> None:
    assert summary([]) == []
