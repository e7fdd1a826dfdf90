"""The table of clients x operations: compared with the committed one, or written anew.

    python -m tests.integration.clients.table           compare; exit 1 and the differences
    python -m tests.integration.clients.table --write   commit to what the last run has shown

The last run is `build/clients.json`, by `make test-clients`. Verdicts are compared: words and
versions may differ from one machine to the next, what passes today must pass tomorrow.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.integration.clients.all import CLIENTS
from tests.integration.clients.operations import OPERATIONS
from tests.integration.clients.outcome import RECORD, Outcomes, verdict

COMMITTED = Path(__file__).parent / "outcomes.json"
PAGE = Path("docs/clients.md")
MARKS = {"works": "yes", "refused": "refused", "fails": "**fails**", "cannot": "-"}
INTRODUCTION = """\
# Other people's clients

Made by `make test-clients`, which runs every cell on the embedded environment and looks at S3, not
only at what the client says. *yes*: it works. *refused*: as on AWS, and nothing has changed.
*fails*: it does not work here, and AWS's documents do not say that it must not. *-*: the client has
no such operation.

"SetStat DEFAULT" is a server that answers attempts to set times with status 8, as AWS does when
`SetStatOption` is not set; the others have `ENABLE_NO_OP`. S3 keeps no times in either case: under
"keep times", *yes* says that the client was content. A "mean name" has spaces, quotes and accents.
"""


def main(arguments: list[str]) -> int:
    """Write or compare; the exit status."""
    last = Outcomes.read(RECORD)
    if arguments == ["--write"]:
        last.write(COMMITTED)
        PAGE.write_text(page(last))
        return 0
    committed = Outcomes.read(COMMITTED)
    found = [*differences(committed, last), *drift(committed)]
    print("\n".join(found) or "clients: as in docs/clients.md")  # noqa: T201
    return 1 if found else 0


def differences(committed: Outcomes, last: Outcomes) -> Iterator[str]:
    """One line for each cell that is not what was committed to."""
    for client in CLIENTS:
        for operation in OPERATIONS:
            before = committed.cell(client.name, operation.title)
            now = last.cell(client.name, operation.title)
            if verdict(before) != verdict(now):
                yield f"{client.name}, {operation.title}: committed '{before}', now '{now}'"


def drift(committed: Outcomes) -> Iterator[str]:
    """Say whether the page is not what the committed outcomes make."""
    if PAGE.read_text() != page(committed):
        command = "python -m tests.integration.clients.table --write"
        yield f"edited by hand or out of date: '{PAGE}' - run: {command}"


def page(outcomes: Outcomes) -> str:
    """The whole of docs/clients.md."""
    details = "\n".join(_details(outcomes, client.name) for client in CLIENTS)
    return f"{INTRODUCTION}\n{matrix(outcomes)}\n{details}"


def matrix(outcomes: Outcomes) -> str:
    """Operations down, clients across."""
    rows = [["", *(client.name for client in CLIENTS)], ["---"] * (len(CLIENTS) + 1)]
    for operation in OPERATIONS:
        cells = [outcomes.cell(client.name, operation.title) for client in CLIENTS]
        rows.append([operation.title, *(MARKS[verdict(cell)] for cell in cells)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _details(outcomes: Outcomes, name: str) -> str:
    settings = next(client.settings for client in CLIENTS if client.name == name)
    lines = [f"## {name} {outcomes.versions[name]}", "", f"Settings: {settings}.", ""]
    for operation, outcome in outcomes.cells[name].items():
        if ": " in outcome:
            what, _, words = outcome.partition(": ")
            lines.append(f"- {operation} {what}: `{words}`")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
