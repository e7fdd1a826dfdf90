"""What a name is, asked of S3 only where the other front end would ask it, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from emulator.files.errors import NoSuchFile, PermissionDenied, Unsupported
from emulator.files.listing import Entry
from emulator.files.modes import OpenMode
from emulator.mount.handles import FOLDER
from emulator.mount.intent import Intent
from emulator.mount.sessions import Session

UNSEEN = Entry("", is_folder=False)


def look_up(session: Session, path: str, asked: str, intent: Callable[[], Intent]) -> Entry:
    """Describe `path`, the client's; `asked` is the same as the waiting process's call names it."""
    if entry := session.in_use(path):
        return entry
    # Of the many names of a listing each is looked up: what they are for is seldom of interest.
    known = session.recent.get(path)
    if known and not known.is_folder:
        return known
    return _look_up_for(session, path, asked, intent(), known)


def _look_up_for(
    session: Session, path: str, asked: str, wanted: Intent, known: Entry | None
) -> Entry:
    """Do so for a system call; `known` is the folder that was there a moment ago."""
    if wanted.passes(asked) or session.leads_home(path):
        return FOLDER
    if wanted.opens(asked):
        return _to_open(session, path, wanted, known)
    if known:
        return known
    if wanted.makes(asked):
        raise NoSuchFile
    try:
        return _found(session, path)
    except PermissionDenied:
        # Users who may delete but not look: as in `FileSession.remove`.
        if wanted.removes(asked):
            return UNSEEN
        raise


def _to_open(session: Session, path: str, wanted: Intent, known: Entry | None) -> Entry:
    """Say what brings the kernel to ask for the right kind of open, which then decides."""
    if wanted.is_for_folder:
        return FOLDER
    mode = wanted.mode
    if not (mode.is_read or mode.is_upload):
        _refuse(session, path, mode)
    if OpenMode.CREATE in mode and mode & (OpenMode.TRUNCATE | OpenMode.EXCLUSIVE):
        raise NoSuchFile
    entry = known or _found(session, path)
    if mode.is_read and entry.is_folder:
        raise NoSuchFile
    return entry


def _refuse(session: Session, path: str, mode: OpenMode) -> NoReturn:
    """Now, since the kernel lets only a look-up say ENOSYS, which is OpenSSH's 8."""
    session.files.open(path, mode)
    raise Unsupported(f"Cannot open file in mode: {mode}")


def _found(session: Session, path: str) -> Entry:
    entry = session.files.stat(path)
    session.recent.put(path, entry)
    return entry
