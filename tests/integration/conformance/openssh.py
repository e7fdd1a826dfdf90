"""What `compose` answers otherwise than our own server, by reason.

Its SFTP is OpenSSH's sftp-server on a file system that stands for the bucket. Words are OpenSSH's
own and compared nowhere; here is what differs in status or effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.integration.conformance.row import Outcome, Row


@dataclass(frozen=True)
class Family:
    """Rows that differ for one reason, and what they are expected to answer, by name."""

    why: str
    rows: Mapping[str, Outcome]


FAMILIES: tuple[Family, ...] = ()
EXPECTED = {name: outcome for family in FAMILIES for name, outcome in family.rows.items()}


def on_compose(row: Row) -> Row:
    """The row with what compose is expected to answer, where that differs."""
    if row.name not in EXPECTED:
        return row
    return replace(row, elsewhere={**row.elsewhere, "compose": EXPECTED[row.name]})
