"""What a real AWS answered otherwise than the fidelity table expects, as a table of its own."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.integration.conformance.row import Mark, Outcome, Row

BRIEF = reprlib.Repr()
BRIEF.maxstring = BRIEF.maxother = 80


@dataclass(frozen=True)
class Difference:
    """One row: expected and seen. `weight` is the mark of what it contradicts."""

    name: str
    weight: Mark
    expected: Outcome
    seen: Outcome

    @classmethod
    def between(cls, row: Row, seen: Outcome) -> Iterator[Difference]:
        """The difference of a row on AWS, if there is one."""
        expected = row.expected_on("aws")
        if not expected.agrees(seen):
            yield cls(row.name, row.weight("aws", seen), expected, seen)


def summary(differences: Sequence[Difference]) -> list[str]:
    """Lines to print: what AWS contradicts, then what is settled now."""
    if not differences:
        return []
    wrong = [each for each in differences if each.weight != "U"]
    settled = [each for each in differences if each.weight == "U"]
    lines = ["", f"AWS differs from the fidelity table: {len(wrong)}; settled: {len(settled)}"]
    for each in wrong:
        lines += [f"[{each.weight}] {each.name}", f"    expected  {shown(each.expected)}"]
        lines += [f"    AWS       {shown(each.seen)}"]
    for each in settled:
        lines += [f"[U] {each.name}", f"    settled: AWS answers {shown(each.seen)}"]
    return lines


def shown(outcome: Outcome) -> str:
    """`8 "SETSTAT unsupported"`, `found: ...`, or `done`."""
    status = "done" if outcome.code == 0 else str(outcome.code)
    words = f' "{outcome.message}"' if outcome.message else ""
    return (
        status + words + ("" if outcome.found is None else f", found: {BRIEF.repr(outcome.found)}")
    )
