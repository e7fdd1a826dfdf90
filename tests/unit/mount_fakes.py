"""A user's files in memory, and a mount of them without a kernel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from emulator.files.activity import Activity, Record
from emulator.files.errors import NoSuchFile, PermissionDenied
from emulator.files.listing import Entry, Page
from emulator.files.modes import OpenMode
from emulator.files.session import FileSession
from emulator.files.upload import Upload
from emulator.mount.operations import FileSystem
from emulator.mount.sessions import Sessions
from emulator.transfer.model import User
from tests.unit.files_fakes import FakeS3

UID = 4242
GONE = 2**22 + 1  # beyond every process id


class FakeFiles(FileSession):
    """What `FileSession` does, on names in memory; uploads are real, on an S3 in memory.

    `asked` are the paths S3 was asked about, `denied` those nobody may look at.
    """

    def __init__(self, *names: str) -> None:
        self.events: list[Record] = []
        self.s3 = FakeS3()
        self.entries = {name.rstrip("/"): _entry(name) for name in names}
        self.asked: list[str] = []
        self.denied: set[str] = set()
        self.has_ended = False
        user = User("s-1", "ann", "arn", "role", "/b/ann")
        activity = Activity("arn", "0", self.events.append, "ann")
        super().__init__(user, self.s3.client, activity)

    def kinds(self) -> list[str]:
        """What was done, in Transfer's words."""
        return [each.kind for each in self.events]

    def end(self) -> None:
        self.has_ended = True
        super().end()

    def stat(self, path: str) -> Entry:
        self.asked.append(path)
        if path in self.denied:
            raise PermissionDenied
        if path not in self.entries:
            raise NoSuchFile
        return self.entries[path]

    def list(self, path: str) -> Iterator[Page]:
        inside = [each for name, each in self.entries.items() if name.rpartition("/")[0] == path]
        if not inside:
            raise NoSuchFile
        yield from ([each] for each in inside)

    def mkdir(self, path: str) -> None:
        self.entries[path] = _entry(f"{path}/")

    def remove(self, path: str) -> None:
        del self.entries[path]

    def rename(self, old: str, new: str) -> None:
        self.entries[new] = self.entries.pop(old)


def _entry(name: str) -> Entry:
    return Entry(name.rstrip("/").rpartition("/")[2], is_folder=name.endswith("/"), size=3)


@dataclass
class Info:
    """What goes with an open file."""

    flags: int = os.O_RDONLY
    fh: int = 0
    direct_io: int = 0


class Ann:
    """There is one user."""

    def uid(self, name: str) -> int | None:
        return UID if name == "ann" else None


@dataclass
class Mount:
    """A file system mounted nowhere; `asker` is user id, group id and process id."""

    files: FakeFiles
    asker: tuple[int, int, int] = (UID, UID, 0)

    def __post_init__(self) -> None:
        self.asker = (UID, UID, os.getpid())
        self.sessions = Sessions(lambda _, __: self.files, lambda pid: os.getpid())
        self.system = FileSystem(self.sessions, Ann(), lambda: self.asker, "/homes")

    def as_process(self, pid: int) -> None:
        self.asker = (UID, UID, pid)

    def as_user(self, uid: int) -> None:
        self.asker = (uid, uid, os.getpid())

    def create(self, path: str) -> Info:
        info = Info(os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self.system.create(path, 0o644, info)
        return info


def errno_raised(work: Callable[[], object]) -> int:
    """The number the kernel is told; 0 when all is well."""
    try:
        work()
    except OSError as error:
        return error.errno or -1
    return 0


def an_upload(files: FakeFiles, name: str = "file") -> Upload:
    """Open one."""
    mode = OpenMode.WRITE | OpenMode.CREATE | OpenMode.TRUNCATE
    return cast("Upload", files.open(f"/b/ann/{name}", mode))
