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


DONE, NO_SUCH_FILE, DENIED, BAD_MESSAGE = (Outcome(code) for code in (0, 2, 3, 5))
HUNG_UP = Outcome("session ended")
REFUSED = (
    "posix-rename@openssh.com",
    "statvfs@openssh.com (df)",
    "fstatvfs@openssh.com (df of an open file)",
    "hardlink@openssh.com (ln)",
    "fsync@openssh.com (fsync)",
    "lsetstat@openssh.com (setstat of a link)",
    "expand-path@openssh.com (~ in paths)",
    "copy-data (server-side copy)",
    "home-directory (home of a user)",
    "users-groups-by-id@openssh.com (names of owners)",
)
FAMILIES = (
    Family(
        "OpenSSH's sftp-server has extensions and is told to refuse them; `limits`, which says how"
        " long a packet may be, makes transfers faster.",
        {
            "unsupported: extensions advertised": Outcome(found=("limits@openssh.com",)),
            "unsupported: limits@openssh.com (limits)": DONE,
            **{f"unsupported: {name}": DENIED for name in REFUSED},
            "unsupported: posix-rename@openssh.com onto an existing file": replace(
                DENIED, found=b"there before"
            ),
        },
    ),
    Family(
        "It answers no packet of a kind it does not know, and hangs up at a NUL in a name.",
        {
            "operation: a request of no kind that SFTP 3 knows": Outcome("no answer"),
            "path: a name with a NUL": HUNG_UP,
        },
    ),
    Family(
        "To it and to the kernel a wrong handle is a missing file.",
        {
            "operation: CLOSE of a handle never given": NO_SUCH_FILE,
            "unsupported: READ of a file opened to write": NO_SUCH_FILE,
        },
    ),
    Family(
        "Paths are theirs before they are ours: each folder on the way is looked at, a file has no"
        " trailing slash, only a link can be read as one.",
        {
            "path: REALPATH of `a/../b`": NO_SUCH_FILE,
            "path: REALPATH of `a//b`": NO_SUCH_FILE,
            "path: REALPATH of `./a/`": NO_SUCH_FILE,
            "path: stat of a file with a trailing slash": NO_SUCH_FILE,
            "unsupported: readlink": BAD_MESSAGE,
        },
    ),
    Family(
        "Sshd takes a request to run something, and then says that it allows SFTP only.",
        {"unsupported: SCP's own protocol": DONE},
    ),
    Family(
        "A passwd file can hold no home with a colon: the session begins in the root.",
        {"policy variable: ${transfer:UserName} inside HomeDirectory": Outcome(found="/")},
    ),
)
EXPECTED = {name: outcome for family in FAMILIES for name, outcome in family.rows.items()}


def on_compose(row: Row) -> Row:
    """The row with what compose is expected to answer, where that differs."""
    if row.name not in EXPECTED:
        return row
    return replace(row, elsewhere={**row.elsewhere, "compose": EXPECTED[row.name]})
