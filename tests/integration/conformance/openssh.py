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


DONE, NO_SUCH_FILE, FAILURE, BAD_MESSAGE = (Outcome(code) for code in (0, 2, 4, 5))
HUNG_UP = Outcome("session ended")
EXTENSIONS = (
    *("posix-rename@openssh.com", "statvfs@openssh.com", "fstatvfs@openssh.com"),
    *("hardlink@openssh.com", "fsync@openssh.com", "lsetstat@openssh.com", "limits@openssh.com"),
    *("expand-path@openssh.com", "copy-data", "home-directory", "users-groups-by-id@openssh.com"),
)
FAMILIES = (
    Family(
        "OpenSSH's sftp-server knows extensions and answers them itself. Only what it asks the file"
        " system for can be refused; a packet it cannot read, or a wrong handle, it judges alone.",
        {
            "unsupported: extensions advertised": Outcome(found=EXTENSIONS),
            "unsupported: posix-rename@openssh.com": DONE,
            "unsupported: posix-rename@openssh.com onto an existing file": replace(
                FAILURE, found=b"there before"
            ),
            "unsupported: fstatvfs@openssh.com (df of an open file)": FAILURE,
            "unsupported: hardlink@openssh.com (ln)": FAILURE,
            "unsupported: fsync@openssh.com (fsync)": NO_SUCH_FILE,
            "unsupported: lsetstat@openssh.com (setstat of a link)": BAD_MESSAGE,
            "unsupported: limits@openssh.com (limits)": DONE,
            "unsupported: expand-path@openssh.com (~ in paths)": DONE,
            "unsupported: copy-data (server-side copy)": HUNG_UP,
            "unsupported: home-directory (home of a user)": FAILURE,
            "unsupported: users-groups-by-id@openssh.com (names of owners)": HUNG_UP,
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
