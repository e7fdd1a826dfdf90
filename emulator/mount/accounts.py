"""The users as accounts of this machine: the passwd file of libnss-extrausers."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from emulator.files.location import normalised
from emulator.mount.transfer_api import Account

log = logging.getLogger(__name__)

FIRST_UID = 100_000  # beyond those of services whose volumes are shared with this machine
# `root` never gets in (user guide, create-user); as `sshd` OpenSSH runs what has no login yet.
RESERVED = ("root", "sshd")


class Accounts:
    """Uids, given once per name and never again, and the file that tells sshd of them.

    A deleted user's uid stays known: sessions that are open go on.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._uids: dict[str, int] = {}
        self._written: str | None = None
        self._complaints: set[str] = set()

    def uid(self, name: str) -> int | None:
        """Give the user's uid; None for somebody who never was one."""
        return self._uids.get(name)

    def update(self, accounts: Iterable[Account]) -> None:
        """Let these log in and no others; the file is written when it changes, whole or not."""
        lines = [self._line(each) for each in accounts if self._is_possible(each.name)]
        text = "".join(lines)
        if text == self._written and self._file.exists():
            return
        new = self._file.with_suffix(".new")
        new.write_text(text)
        new.replace(self._file)
        self._written = text

    def _line(self, account: Account) -> str:
        uid = self._uids.setdefault(account.name, FIRST_UID + len(self._uids))
        # An account's group is its own: no file is shared by a group.
        return f"{account.name}:*:{uid}:{uid}::{self._home(account)}:/usr/sbin/nologin\n"

    def _home(self, account: Account) -> str:
        """Where the session starts, inside its chroot; passwd has no way to say `:`."""
        home = normalised(account.home)
        if ":" in home or not home.isprintable():
            self._complain(f"home unfit for passwd: '{home}' - '{account.name}' starts in /")
            return "/"
        return home

    def _is_possible(self, name: str) -> bool:
        if name in RESERVED:
            self._complain(f"user unfit for OpenSSH: '{name}' - choose another name")
        return name not in RESERVED

    def _complain(self, text: str) -> None:
        """Say it once, not at each look."""
        if text not in self._complaints:
            self._complaints.add(text)
            log.warning("%s", text)
