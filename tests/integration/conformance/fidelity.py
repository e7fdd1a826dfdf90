"""`docs/fidelity.md`, written from the rows that the conformance tests run.

python -m tests.integration.conformance.fidelity [--check]
"""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.integration.conformance.differences import shown
from tests.integration.conformance.openssh import FAMILIES, Family
from tests.integration.conformance.row import Row, Sheet, Verdict
from tests.integration.conformance.table import ROWS, SHEETS

PAGE = Path(__file__).parents[3] / "docs" / "fidelity.md"
GUIDE = "https://docs.aws.amazon.com/transfer/latest/userguide/"
SOURCES = {
    "TF-FILE": f"{GUIDE}transfer-file.html",
    "TF-STORAGE": f"{GUIDE}configure-storage.html",
    "TF-POLICY": f"{GUIDE}users-policies-session.html",
    "TF-LOGICAL": f"{GUIDE}logical-dir-mappings.html",
    "TF-USERS": f"{GUIDE}create-user.html",
    "TF-ENDPOINT": f"{GUIDE}sftp-for-transfer-family.html",
    "TF-VPC": f"{GUIDE}create-server-in-vpc.html",
    "TF-SEC": f"{GUIDE}security-policies.html",
    "TF-EVENTS": f"{GUIDE}events-detail-reference.html",
    "TF-LOGS": "the guide's page on CloudWatch log structure",
    "TF-TROUBLE": "the guide's page on SFTP troubleshooting",
    "UG2023": "the guide as archived in 2023 (awsdocs/aws-transfer-user-guide)",
    "FAQ": "AWS's FAQ, as quoted in https://github.com/kopia/kopia/issues/3035",
    "BOTO": "AWS's own model of the API, in botocore (transfer, 2018-11-05)",
    "CFNL": "AWS's CloudFormation schemas, as carried by cfn-lint",
    "S3-UG": "https://docs.aws.amazon.com/AmazonS3/latest/userguide/",
    "SFTP 3": "draft-ietf-secsh-filexfer-02",
}
ORDER: tuple[Verdict, ...] = ("exact", "chosen", "different", "not run")
HEAD = """\
# Fidelity: what AWS Transfer Family does, and what we do

Written by `make fidelity` from the rows that the conformance tests run
(`tests/integration/conformance`). `make check` fails when this page and the rows differ.

- **AWS** - what it does, its source and how sure that is: [D] documented by AWS, [C] seen by
  others, [I] inferred, [U] not verified. A second mark is about status and words alone.
- **Seen by the client** - SFTP status or the API's error code, its words, and what was found then.
  BUCKET, HOME, s-ID, key-ID and the like stand for what differs from run to run. "on aws", "on
  localstack": expected there, on compose's engine, instead. OpenSSH on compose: last part.
- **exact** - as AWS documents it, or as others have seen it. **chosen** - AWS's documents leave it
  open; this is our choice. **different** - not as AWS does it.
- **not run** - this suite does not show it; the reason is given.

`pytest tests/integration/conformance --environment aws --stack NAME` runs the rows on a real
server, prints what it answers otherwise, and so settles what is marked [U].
"""


ON_COMPOSE = """\
## On compose

Compose has two ways into a server: OpenSSH on a file system that stands for the bucket, and our own
server on another port. Ours answers as above. OpenSSH has words of its own (`Failure` for every
status 4), so of its answers status and effect are compared: {rows} rows, of which {differ} differ.
Rows that need a server of their own are not run there: compose publishes the stack's only.
"""


def page() -> str:
    """The whole page."""
    verdicts = Counter(row.verdict for row in ROWS)
    counts = ", ".join(f"{verdicts[each]} {each}" for each in ORDER)
    total = f"{len(ROWS)} rows: {counts}.\n"
    return "\n".join([HEAD, total, *_sections(), *_compose(), *_sources()])


def _sections() -> Iterator[str]:
    for sheet in SHEETS:
        yield _section(sheet)


def _section(sheet: Sheet) -> str:
    lines = [
        f"## {sheet.area[:1].upper()}{sheet.area[1:]}\n",
        "| case | AWS | seen by the client | verdict |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_line, sheet.rows), ""])


def _line(row: Row) -> str:
    cells = (row.case, _aws(row), _seen(row), _verdict(row))
    return f"| {' | '.join(map(_cell, cells))} |"


def _aws(row: Row) -> str:
    words = f", words [{row.words}]" if row.words not in ("D", row.mark) else ""
    source = "" if row.source == "-" else f"{row.source} "
    return f"{row.aws} ({source}[{row.mark}]{words})"


def _seen(row: Row) -> str:
    if row.observe is None:
        return f"not run: {row.not_run}"
    texts = [shown(row.expected)]
    texts += [f"on {place}: {shown(outcome)}" for place, outcome in row.elsewhere.items()]
    return "; ".join(texts)


def _verdict(row: Row) -> str:
    is_run = row.observe is not None or row.different
    return f"**{row.verdict}**" + (f": {row.why}" if row.why and is_run else "")


def _cell(text: str) -> str:
    """Text as it is: nothing of it may end the cell or become HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", "\\n")


def _compose() -> Iterator[str]:
    names = {name for family in FAMILIES for name in family.rows}
    compared = [row for row in ROWS if row.observe and not row.own_server]
    yield ON_COMPOSE.format(rows=len(compared), differ=len(names))
    yield from map(_family, FAMILIES)


def _family(family: Family) -> str:
    rows = {row.name: row for row in ROWS}
    lines = [f"{family.why}\n", "| case | our server | OpenSSH on compose |", "|---|---|---|"]
    for name, outcome in family.rows.items():
        cells = (name, shown(rows[name].expected_on("localstack")), shown(outcome))
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*lines, ""])


def _sources() -> Iterator[str]:
    yield "## Sources\n"
    yield "\n".join(f"- {name}: {where}" for name, where in SOURCES.items())
    yield ""


def main() -> None:
    """Write the page, or with --check say how it differs and exit 1."""
    new = page()
    if sys.argv[1:] != ["--check"]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(new)
        return
    old = PAGE.read_text() if PAGE.exists() else ""
    drift = difflib.unified_diff(
        old.splitlines(), new.splitlines(), str(PAGE.name), "the rows", n=0, lineterm=""
    )
    if lines := list(drift):
        sys.exit("\n".join([*lines, f"{PAGE.name} has drifted from the rows - run: make fidelity"]))


if __name__ == "__main__":
    main()
