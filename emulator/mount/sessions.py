"""One `FileSession` for each SSH connection, found by the process that asks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock

from emulator.files.errors import FileError, PermissionDenied
from emulator.files.listing import Entry, Page
from emulator.files.modes import OpenMode
from emulator.files.session import FileSession, check_room
from emulator.mount.handles import FOLDER, Folder, Handle
from emulator.mount.processes import Endings, connection_of
from emulator.mount.recent import Recent

log = logging.getLogger(__name__)

LogIn = Callable[[str, int], FileSession]
CUT_AT_ONCE = 16


class Session:
    """What one connection has: its files' session, what is open, what it was just told."""

    def __init__(self, files: FileSession) -> None:
        self.files = files
        self.home = files.realpath(".")
        self.recent = Recent()
        self._files: set[Handle] = set()
        self._folders: set[Folder] = set()
        self.is_over = False
        self._lock = Lock()

    def open(self, path: str, mode: OpenMode, pid: int) -> Handle:
        """Open a file for a process."""
        with self._lock:
            check_room(sum(each.pid == pid for each in self._files))
        handle = Handle(self.files, path, self.files.open(path, mode), pid)
        with self._lock:
            self._files.add(handle)
        return handle

    def open_folder(self, path: str) -> Folder:
        """Open a folder, with its first names at hand: one that is not there shows now."""
        folder = Folder(path, lambda: self._pages(path))
        folder.names(0)
        with self._lock:
            self._folders.add(folder)
        return folder

    def remove(self, handle: Handle) -> None:
        """Let go of a file that nobody has open any more."""
        with self._lock:
            self._files.discard(handle)
        self._end_when_done()

    def remove_folder(self, folder: Folder) -> None:
        """Let go of a folder that nobody reads any more."""
        with self._lock:
            self._folders.discard(folder)

    def in_use(self, path: str) -> Entry | None:
        """Describe what is being written or read there.

        The size of a file on its way is told, since FSTAT cannot be told from STAT here.
        """
        with self._lock:
            for handle in self._files:
                if handle.path == path and handle.is_uploading:
                    return handle.entry
            if any(folder.path == path for folder in self._folders):
                return FOLDER
        return None

    def leads_home(self, path: str) -> bool:
        """Whether the home is at `path` or below: that is there, whatever S3 says."""
        return f"{self.home}/".startswith(f"{path.rstrip('/')}/")

    def over(self) -> None:
        """The connection is gone; files still open are finished by the kernel's FLUSH."""
        self.is_over = True
        self._end_when_done()

    def cut(self) -> None:
        """Finish all that is open, since nothing more can come."""
        for handle in list(self._files):
            handle.cut()
            self.remove(handle)
        self.over()

    def _pages(self, path: str) -> Iterator[Page]:
        """List a folder; each name's LSTAT, which is to come, is answered from here."""
        for page in self.files.list(path):
            self.recent.put_page(path, page)
            yield page

    def _end_when_done(self) -> None:
        with self._lock:
            is_done = self.is_over and not self._files
        if is_done:
            self.files.end()


class Sessions:
    """All connections. `log_in(user, pid)` is called once for each, with its first request's pid.

    A refusal counts as long as the connection. `connection_of` finds the process that stands for
    the connection of a process.
    """

    def __init__(self, log_in: LogIn, connection_of: Callable[[int], int] = connection_of) -> None:
        self._log_in, self._connection_of = log_in, connection_of
        self._known: dict[tuple[str, int], Session] = {}
        self._made: dict[tuple[str, int], Future[Session]] = {}
        self._is_over = False
        self._lock = Lock()
        self._endings = Endings()

    def of(self, user: str, pid: int) -> Session:
        """Find or make the session of a user's process; PermissionDenied when it may not be."""
        session = self._known.get((user, pid))
        if session is None or session.is_over:
            session = self._session(user, self._connection_of(pid), pid)
            self._remember(user, pid, session)
        return session

    def end(self) -> None:
        """Finish everything, as cut; nobody gets in any more."""
        with self._lock:
            self._is_over = True
            made = list(self._made.values())
        with ThreadPoolExecutor(CUT_AT_ONCE, "cut") as threads:
            for each in made:
                if each.done() and not each.exception():
                    threads.submit(each.result().cut)
        self._endings.close()

    def _session(self, user: str, connection: int, pid: int) -> Session:
        with self._lock:
            if self._is_over:
                raise PermissionDenied
            made = self._made.get((user, connection))
            is_first = made is None
            if made is None:
                made = self._made[user, connection] = Future()
        if is_first:
            self._make(made, user, connection, pid)
        try:
            return made.result()
        except FileError as error:
            raise PermissionDenied from error

    def _make(self, made: Future[Session], user: str, connection: int, pid: int) -> None:
        try:
            self._endings.watch(connection, partial(self._ended, made, user, connection))
        except OSError:
            # Gone already, or of a world whose processes have no numbers here.
            self._ended(made, user, connection)
            made.set_exception(PermissionDenied())
            return
        try:
            made.set_result(Session(self._log_in(user, pid)))
        except FileError as error:
            log.warning("login refused: '%s' - %s", user, error)
            made.set_exception(error)
        except Exception as error:
            log.exception("login failed: '%s'", user)
            made.set_exception(FileError(f"login failed: '{error}'"))

    def _remember(self, user: str, pid: int, session: Session) -> None:
        """Know the process until it ends: its number may be another's then."""
        self._known[user, pid] = session
        try:
            self._endings.watch(pid, lambda: self._forget(user, pid))
        except OSError:
            self._forget(user, pid)

    def _forget(self, user: str, pid: int) -> None:
        self._known.pop((user, pid), None)

    def _ended(self, made: Future[Session], user: str, connection: int) -> None:
        with self._lock:
            self._made.pop((user, connection), None)
        made.add_done_callback(_over)


def _over(made: Future[Session]) -> None:
    if not made.exception():
        made.result().over()
