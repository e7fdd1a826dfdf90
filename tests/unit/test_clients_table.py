from __future__ import annotations

from tests.integration.clients.all import CLIENTS
from tests.integration.clients.operations import OPERATIONS
from tests.integration.clients.outcome import Outcomes
from tests.integration.clients.table import differences, matrix

TITLES = [operation.title for operation in OPERATIONS]


def outcomes(outcome: str) -> Outcomes:
    return Outcomes({client.name: dict.fromkeys(TITLES, outcome) for client in CLIENTS})


def test_what_no_longer_passes_is_a_difference() -> None:
    now = outcomes("works")
    now.add("lftp", "put", "refused: no")
    (line,) = differences(outcomes("works"), now)
    assert line == "lftp, put: committed 'works', now 'refused: no'"


def test_words_may_differ() -> None:
    assert list(differences(outcomes("refused: so"), outcomes("refused: or so"))) == []


def test_a_cell_that_was_not_run_is_a_difference() -> None:
    partly = outcomes("works")
    del partly.cells["curl"]["get"]
    (line,) = differences(outcomes("works"), partly)
    assert line.endswith("now 'not run'")


def test_the_table_has_a_line_for_each_operation() -> None:
    lines = matrix(outcomes("refused: no")).splitlines()
    assert len(lines) == len(OPERATIONS) + 2
    assert lines[2].count("| refused ") == len(CLIENTS)
