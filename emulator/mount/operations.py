"""The kernel's requests, each answered by one operation of `emulator.files`.

What is not here libfuse answers with ENOSYS: extended attributes, device nodes, locks, `access`.
No permission bit counts: who may do what is the policies' to decide.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import count
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from emulator.files.download import Download
from emulator.files.errors import FileError, NoSuchFile, PermissionDenied, Unsupported
from emulator.files.listing import Entry
from emulator.files.modes import OpenMode
from emulator.files.upload import Upload
from emulator.mount.errnos import NameNotUtf8, errno_of
from emulator.mount.handles import FOLDER, Folder, Handle
from emulator.mount.intent import intent_of, open_mode
from emulator.mount.looking import look_up
from emulator.mount.processes import is_exiting
from emulator.mount.sessions import Session, Sessions

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Attributes = dict[str, int]
NANOSECONDS = 1_000_000_000
UNSUPPORTED = Unsupported("Operation unsupported")


class Owners(Protocol):
    """Whose folders there are."""

    def uid(self, name: str) -> int | None:
        """Give the user id of a user; None when there is no such user."""


class FileInfo(Protocol):
    """What goes with an open file (struct fuse_file_info): its flags, and what we call it."""

    flags: int
    fh: int
    direct_io: int


def answered(
    operation: Callable[Concatenate[FileSystem, P], T],
) -> Callable[Concatenate[FileSystem, P], T]:
    """Turn whatever an operation raises into the OSError whose number the kernel is told."""
    name = operation.__name__

    @wraps(operation)
    def answer(self: FileSystem, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return operation(self, *args, **kwargs)
        except FileError as error:
            raise OSError(errno_of(error, name), str(error)) from error
        except Exception as error:
            log.exception("%s failed", name)
            raise OSError(errno.EIO, str(error)) from error

    return answer


class FileSystem:
    """The operations, as mfusepy calls them from many threads.

    `context` gives user id, group id and process id of who asks; `root` is where it is mounted.
    Paths are None where the kernel names an open file.
    """

    use_ns = True
    flag_nopath = True
    flag_nullpath_ok = True

    def __init__(
        self,
        sessions: Sessions,
        owners: Owners,
        context: Callable[[], tuple[int, int, int]],
        root: str,
    ) -> None:
        self._sessions, self._owners, self._context, self._root = sessions, owners, context, root
        self._open_files: dict[int, tuple[Session, Handle]] = {}
        self._folders: dict[int, tuple[Session, Folder]] = {}
        self._count = count(1)

    @answered
    def getattr(self, path: str | None, info: FileInfo | None) -> Attributes:
        """Answer LOOKUP and GETATTR, which cannot be told apart."""
        uid, _, pid = self._context()
        if info is not None or path is None:
            return _attributes(self._handle(info).entry, uid)
        user, path = _parted(path)
        if path == "/":
            return self._top(user, uid)
        session = self._session(user, uid, pid)
        entry = look_up(session, path, f"{self._root}/{user}{path}", lambda: intent_of(pid))
        return _attributes(entry, uid)

    @answered
    def opendir(self, path: str) -> int:
        """Begin to read a folder."""
        session, path = self._asked(path)
        number = next(self._count)
        self._folders[number] = session, session.open_folder(path)
        return number

    @answered
    def readdir_with_offset(
        self, _: str | None, offset: int, number: int
    ) -> Iterator[tuple[str, int, int]]:
        """Give names from an offset on, each with its kind and the offset behind it."""
        names = self._folders[number][1].names(offset)
        return ((entry.name, entry.mode, behind) for entry, behind in names)

    @answered
    def releasedir(self, _: str | None, number: int) -> int:
        """The folder is no longer read."""
        session, folder = self._folders.pop(number)
        session.remove_folder(folder)
        return 0

    @answered
    def create(self, path: str, _: int, info: FileInfo) -> int:
        """Begin an upload of a name that was not there when the kernel looked."""
        return self._open(path, open_mode(info.flags), info)

    @answered
    def open(self, path: str, info: FileInfo) -> int:
        """Begin a download, or an upload onto what the kernel has found: it has left out CREAT."""
        mode = open_mode(info.flags)
        return self._open(path, mode if mode.is_read else mode | OpenMode.CREATE, info)

    @answered
    def read(self, _: str | None, size: int, offset: int, info: FileInfo) -> bytes:
        """Give bytes of a download."""
        file = self._handle(info).file
        if not isinstance(file, Download):
            raise FileError("File is not open for reading")
        return file.read(offset, size)

    @answered
    def write(self, _: str | None, data: bytes, offset: int, info: FileInfo) -> int:
        """Add bytes to an upload."""
        file = self._handle(info).file
        if not isinstance(file, Upload):
            raise FileError("File is not open for writing")
        file.write(offset, data)
        return len(data)

    @answered
    def flush(self, _: str | None, info: FileInfo) -> int:
        """Finish a file: the client waits for it. One that closes as its process exits was cut."""
        session, handle = self._opened(info)
        try:
            if is_exiting(self._context()[2]):
                handle.cut()
            else:
                handle.close()
        finally:
            session.recent.forget(handle.path)
        return 0

    @answered
    def release(self, _: str | None, info: FileInfo) -> int:
        """Nobody has the file open any more."""
        session, handle = self._open_files.pop(info.fh)
        handle.cut()
        session.remove(handle)
        return 0

    @answered
    def fsync(self, _: str | None, __: int, ___: FileInfo) -> int:
        """Nothing is kept before CLOSE; left out, the kernel would say that it is."""
        raise UNSUPPORTED

    @answered
    def mkdir(self, path: str, _: int) -> int:
        """Make a folder."""
        with self._changing(path) as (session, name):
            session.files.mkdir(name)
        # libfuse looks it up for its answer, on behalf of the same system call.
        session.recent.put(name, FOLDER)
        return 0

    @answered
    def rmdir(self, path: str) -> int:
        """Remove an empty folder."""
        with self._changing(path) as (session, name):
            session.files.rmdir(name)
        return 0

    @answered
    def unlink(self, path: str) -> int:
        """Remove a file."""
        with self._changing(path) as (session, name):
            session.files.remove(name)
        return 0

    @answered
    def rename(self, old: str, new: str) -> int:
        """Rename a file, inside one user's folder."""
        with self._changing(old) as (session, source), self._changing(new) as (other, goal):
            if other is not session:
                raise PermissionDenied
            session.files.rename(source, goal)
        return 0

    @answered
    def link(self, _: str, __: str) -> int:
        """Refuse, with the number that makes OpenSSH rename without links."""
        raise UNSUPPORTED

    @answered
    def symlink(self, _: str, __: str) -> int:
        """Refuse."""
        raise UNSUPPORTED

    @answered
    def statfs(self, _: str) -> Attributes:
        """Refuse: S3 is of no size."""
        raise UNSUPPORTED

    @answered
    def chmod(self, path: str | None, _: int) -> int:
        """Do as the server's SetStatOption says."""
        return self._setstat(path)

    @answered
    def chown(self, path: str | None, _: int, __: int) -> int:
        """Do as the server's SetStatOption says."""
        return self._setstat(path)

    @answered
    def utimens(self, path: str | None, _: tuple[int, int] | None) -> int:
        """Do as the server's SetStatOption says."""
        return self._setstat(path)

    @answered
    def truncate(self, path: str | None, _: int, info: FileInfo | None = None) -> int:
        """Do as the server's SetStatOption says."""
        if info is None:
            return self._setstat(path)
        session, handle = self._open_files[info.fh]
        session.files.fsetstat(handle.file)
        return 0

    def _setstat(self, path: str | None) -> int:
        session, path = self._asked(path or "/")
        session.files.setstat(path)
        return 0

    def _open(self, path: str, mode: OpenMode, info: FileInfo) -> int:
        with self._changing(path) as (session, name):
            handle = session.open(name, mode, self._context()[2])
        info.fh = next(self._count)
        # Each write comes as the client sent it, each read is answered by what S3 has now.
        info.direct_io = 1
        self._open_files[info.fh] = session, handle
        return 0

    def _handle(self, info: FileInfo | None) -> Handle:
        return self._opened(info)[1]

    def _opened(self, info: FileInfo | None) -> tuple[Session, Handle]:
        found = self._open_files.get(info.fh) if info else None
        if found is None:
            raise FileError("Invalid handle")
        return found

    def _asked(self, path: str) -> tuple[Session, str]:
        uid, _, pid = self._context()
        user, path = _parted(path)
        return self._session(user, uid, pid), path

    @contextmanager
    def _changing(self, path: str) -> Iterator[tuple[Session, str]]:
        session, path = self._asked(path)
        try:
            yield session, path
        finally:
            session.recent.forget(path)

    def _session(self, user: str, uid: int, pid: int) -> Session:
        """Nobody sees another's files, root neither."""
        if self._uid(user) != uid:
            raise PermissionDenied
        return self._sessions.of(user, pid)

    def _top(self, user: str, uid: int) -> Attributes:
        """`/` and `/<user>`, which is root's: sshd demands that of the folder it locks users in."""
        if user and uid not in (0, self._uid(user)):
            raise PermissionDenied
        return _attributes(FOLDER, 0)

    def _uid(self, user: str) -> int:
        uid = self._owners.uid(user)
        if uid is None:
            raise NoSuchFile
        return uid


def _parted(path: str) -> tuple[str, str]:
    """`/user/a/b` -> `user`, `/a/b`; mfusepy decodes what is no UTF-8 to lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise NameNotUtf8("file names must be UTF-8") from error
    user, _, rest = path[1:].partition("/")
    return user, f"/{rest}"


def _attributes(entry: Entry, uid: int) -> Attributes:
    when = int(entry.modified) * NANOSECONDS
    return {
        "st_mode": entry.mode,
        "st_nlink": 1,
        "st_uid": uid,
        "st_gid": uid,
        "st_size": entry.size,
        "st_atime": when,
        "st_mtime": when,
    }
