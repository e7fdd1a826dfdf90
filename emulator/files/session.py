"""One login: each operation of a client, decided and carried out on S3.

Blocking, and safe to call from several threads. Every operation takes the client's own path, and
raises `FileError`; what it did or failed to do is recorded as Transfer records it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from emulator.files import listing
from emulator.files.activity import Activity, Moved
from emulator.files.copying import copy
from emulator.files.download import Download
from emulator.files.errors import (
    EXISTS,
    FOLDER_RENAMED,
    IS_FOLDER,
    NOT_EMPTY,
    FileError,
    NoSuchFile,
    PermissionDenied,
    Unsupported,
    s3_errors,
)
from emulator.files.listing import Entry, Page
from emulator.files.location import Home, Location
from emulator.files.lookup import Lookup
from emulator.files.modes import OpenMode
from emulator.files.target import Target
from emulator.files.upload import Upload
from emulator.transfer.model import User

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CopySourceTypeDef

FILES = 64  # open at once in a channel: each may hold a part of 8 MiB
WORKERS = 4  # threads that move parts and read ahead, for all files of the session
OpenFile = Upload | Download


class FileSession:
    """What one user may do to files. `end` it when the connection does."""

    def __init__(
        self, user: User, s3: S3Client, activity: Activity, *, ignores_setstat: bool = False
    ) -> None:
        self.activity = activity
        self._home = Home.of(user)
        self._s3 = s3
        self._lookup = Lookup(s3)
        self._ignores_setstat = ignores_setstat
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix=activity.session_id)
        # What Transfer writes on each object (user guide, transfer-file).
        self._metadata = {
            "user-agent": "AWSTransfer",
            "user-agent-id": f"{user.name}@{user.server_id}",
        }

    def end(self) -> None:
        """Let the session's threads and connections go; files are closed or cut before."""
        self._workers.shutdown(wait=False)
        self._s3.close()

    def realpath(self, path: str) -> str:
        """Say where a path leads, as the client sees it; asks nobody."""
        return self._home.absolute(path)

    def stat(self, path: str) -> Entry:
        """Describe a file or folder; a common prefix is a folder, marker or not (TF-LOGICAL)."""
        location = self._home.locate(path)
        if location.is_fixed:
            return Entry(location.path.rpartition("/")[2], is_folder=True)
        return self._found(location)

    def list(self, path: str) -> Iterator[Page]:
        """Yield a folder's entries page by page, without an end to their number."""
        location = self._home.locate(path)
        location.check_folder_name()
        mapped = self._home.children(location.path)
        return listing.pages(self._s3, location, mapped, self._workers)

    def open(self, path: str, mode: OpenMode) -> OpenFile:
        """Open a file to read it, or to write it anew; all else is unsupported."""
        location = self._home.locate(path)
        nothing = Moved("Download" if mode.is_read else "Upload", time.time_ns())
        with self.activity.doing("OPEN", lambda: nothing, path=location.target, mode=str(mode)):
            return self._download(location) if mode.is_read else self._upload(location, mode)

    def close(self, file: OpenFile) -> None:
        """Finish at the client's CLOSE: only now an upload becomes an object."""
        with self.activity.doing("CLOSE", partial(_moved, file), path=file.path):
            file.close()

    def cut(self, file: OpenFile) -> None:
        """Finish a file whose client is gone: the part received is stored (TF-FILE)."""
        with self.activity.doing("PARTIAL_CLOSE", partial(_moved, file), path=file.path):
            file.close()

    def mkdir(self, path: str) -> None:
        """Make the folder's marker, an empty object `prefix/`."""
        location = self._changeable(path)
        with self.activity.doing("MKDIR", path=location.target):
            location.check_folder_name()
            self._must_be_free(location)
            with s3_errors():
                self._s3.put_object(
                    Bucket=location.bucket or "", Key=location.prefix, Metadata=self._metadata
                )

    def rmdir(self, path: str) -> None:
        """Remove an empty folder, which is its marker."""
        location = self._changeable(path)
        with self.activity.doing("RMDIR", path=location.target):
            inside = self._lookup.keys_inside(location, 2)
            if not inside:
                raise NoSuchFile
            if inside != [location.prefix]:
                raise NOT_EMPTY()
            self._delete(location, location.prefix)

    def remove(self, path: str) -> None:
        """Remove a file. Users who may delete but not look are not asked to look first."""
        location = self._changeable(path)
        with self.activity.doing("DELETE", path=location.target):
            with suppress(PermissionDenied):
                if self._found(location).is_folder:
                    raise IS_FOLDER()
            self._delete(location, location.key)

    def rename(self, old: str, new: str) -> None:
        """Copy, then delete. Files only, and never onto something that is there (TF-FILE)."""
        source, goal = self._changeable(old), self._changeable(new)
        with self.activity.doing("RENAME", path=source.target, new_path=goal.target):
            if self._found(source).is_folder:
                raise FOLDER_RENAMED()
            self._must_be_free(goal)
            origin: CopySourceTypeDef = {"Bucket": source.bucket or "", "Key": source.key}
            copy(self._target(goal), origin, self._lookup.head(source))
            self._delete(source, source.key)

    def setstat(self, path: str) -> None:
        """Refuse, or do nothing and say so in the log, by the server's SetStatOption."""
        self._setstat(self._home.locate(path).target)

    def fsetstat(self, file: OpenFile) -> None:
        """Do the same for an open file."""
        self._setstat(file.path)

    def _setstat(self, target: str) -> None:
        with self.activity.doing("SETSTAT", path=target):
            if not self._ignores_setstat:
                raise Unsupported("SETSTAT unsupported")

    def _download(self, location: Location) -> Download:
        if location.is_no_file:
            raise IS_FOLDER()
        bucket, key = location.bucket or "", location.key
        try:
            return Download(location.target, self._s3, bucket, key, self._workers)
        except PermissionDenied:
            # S3 says so of a missing key, too, to users whose ListBucket depends on `s3:prefix`.
            with suppress(PermissionDenied):
                if self._found(location).is_folder:
                    raise NoSuchFile from None
            raise

    def _upload(self, location: Location, mode: OpenMode) -> Upload:
        """Ask S3 nothing for an ordinary upload: a user who may only write can."""
        if not mode.is_upload:
            raise _wrong_mode(mode)
        if location.is_no_file:
            raise IS_FOLDER()
        there = self._there(location, mode)
        # OpenSSH's scp overwrites without TRUNCATE: the first byte replaces the file, not the OPEN.
        stays = None if there is None or OpenMode.TRUNCATE in mode else there.size
        return Upload(location.target, self._target(location), self._workers, replaced_size=stays)

    def _there(self, location: Location, mode: OpenMode) -> Entry | None:
        """Find what the upload may replace, if the mode asks for it, or say that it may not."""
        if OpenMode.EXCLUSIVE in mode:
            self._must_be_free(location)
        there = self._found(location) if OpenMode.CREATE not in mode else None
        if OpenMode.TRUNCATE not in mode:
            there = there or self._lookup.find(location)
            if there and there.is_folder:
                raise IS_FOLDER()
        return there

    def _changeable(self, path: str) -> Location:
        location = self._home.locate(path)
        if location.is_no_file:
            raise PermissionDenied
        return location

    def _found(self, location: Location) -> Entry:
        entry = self._lookup.find(location)
        if entry is None:
            raise NoSuchFile
        return entry

    def _must_be_free(self, location: Location) -> None:
        with suppress(PermissionDenied):
            if self._lookup.find(location):
                raise EXISTS()

    def _delete(self, location: Location, key: str) -> None:
        with s3_errors():
            self._s3.delete_object(Bucket=location.bucket or "", Key=key)

    def _target(self, location: Location) -> Target:
        return Target(self._s3, location.bucket or "", location.key, self._metadata)


def check_room(open_files: int) -> None:
    """Raise FileError when a channel has as many files open as it may."""
    if open_files >= FILES:
        raise FileError(f"too many open files: {FILES} - close some")


def _moved(file: OpenFile) -> Moved | None:
    if isinstance(file, Upload):
        if file.is_left_alone:
            return None
        return Moved("Upload", file.opened_at, file.size, file.etag)
    is_whole = file.bytes_out >= file.size
    return Moved("Download", file.opened_at, file.bytes_out, file.etag, is_whole)


def _wrong_mode(mode: OpenMode) -> Unsupported:
    # AWS's words, to the letter: github.com/sshnet/SSH.NET/issues/1215, pkg/sftp/issues/305.
    return Unsupported(f"Cannot open file in mode: {mode}")
