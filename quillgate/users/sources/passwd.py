"""A copy of the old server's files: `etc/passwd`, and the homes that it names.

Who has a user id from 1,000 on is a customer: below are the system's own, and 65,534 is nobody.
The shell says nothing: on servers for SFTP alone it is `nologin`. Keys are where sshd looks for
them: a file in the home itself may be one that the customer has uploaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from quillgate.errors import UserError
from quillgate.operate.words import safe
from quillgate.users.sources.folder import SSHD_FILES, keys_below
from quillgate.users.sources.found import (
    MANY_USERS,
    Found,
    Place,
    Remark,
    Trouble,
    of_file,
    read_file,
)

USERS_FILE = "etc/passwd"
_FIRST_ID = 1000
_NOBODY = (65534, 65535, 2**32 - 2, 2**32 - 1)  # the latter of 32 bits: nfsnobody
_FIELDS = 7
_USER_ID = re.compile(r"[0-9]{1,10}")


def read_passwd(root: Path) -> Iterator[Found]:
    """Everybody in `root`/etc/passwd who is a customer, in the order of the file."""
    try:
        lines = read_file(root / USERS_FILE, MANY_USERS).split("\n")
    except UserError as error:
        yield Trouble(Place(USERS_FILE), str(error))
        return
    passed_over = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(("#", "+", "-")):
            continue
        fields = line.split(":")
        if len(fields) != _FIELDS or not _USER_ID.fullmatch(fields[2]):
            yield Trouble(
                Place(USERS_FILE, number), "no line of passwd - name:x:1000:1000::/home/name:"
            )
        elif _is_customer(int(fields[2])):
            yield from _user(root, fields[0], fields[5], number)
        else:
            passed_over.append(fields[0])
    if passed_over:
        names = safe(", ".join(passed_over))
        told = f"{len(passed_over)} of the system's own were passed over: {names}"
        yield Remark(Place(USERS_FILE), told)


def _is_customer(user_id: int) -> bool:
    return user_id >= _FIRST_ID and user_id not in _NOBODY


def _user(root: Path, name: str, home: str, number: int) -> Iterator[Found]:
    folder = root / home.strip("/")
    # A link in the copy may lead to a file of this machine.
    files = [
        each
        for each in keys_below(folder, SSHD_FILES)
        if each.resolve().is_relative_to(root.resolve())
    ]
    if not files:
        yield Trouble(
            Place(USERS_FILE, number),
            f"{safe(name)} has no keys in {safe(home).rstrip('/')}/.ssh/authorized_keys: "
            "a password, then? Transfer takes keys only - ask the customer for one",
        )
    elif PurePosixPath(home).name != name:
        told = f"the home of {name} was {home}, and is {name} now: that is where the files go"
        yield Remark(Place(USERS_FILE, number), safe(told))
    for file in files:
        yield from of_file(name, file, str(file.relative_to(root)))
