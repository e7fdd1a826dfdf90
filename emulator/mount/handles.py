"""What a client has open: a file, finished once, or a folder, read page by page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from threading import Lock

from emulator.files.errors import FileError
from emulator.files.listing import Entry, Page
from emulator.files.session import FileSession, OpenFile
from emulator.files.upload import Upload

log = logging.getLogger(__name__)

FOLDER = Entry("", is_folder=True)


class Handle:
    """A file that process `pid` has opened. `path` is the client's."""

    def __init__(self, files: FileSession, path: str, file: OpenFile, pid: int) -> None:
        self.path, self.file, self.pid = path, file, pid
        self._files = files
        self._is_finished = self._is_cut = False
        self._lock = Lock()

    @property
    def entry(self) -> Entry:
        """What the client is told of it: of an upload, its size so far."""
        if isinstance(self.file, Upload):
            return Entry("", is_folder=False, size=self.file.visible_size)
        return Entry("", is_folder=False, size=self.file.size, modified=self.file.modified)

    @property
    def is_uploading(self) -> bool:
        """Whether bytes may come that S3 knows nothing of."""
        return isinstance(self.file, Upload) and not self._is_finished

    def close(self) -> None:
        """Finish at the client's CLOSE; raises what S3 says of it, or that it was cut before."""
        self._finish(self._files.close)
        if self._is_cut:
            # What the client has sent since is not stored: it must not take it for stored.
            raise FileError(f"cut by the server: '{self.path}' - send it again")

    def cut(self) -> None:
        """Finish a file whose client is gone: nobody is left to be told that it failed."""
        try:
            self._finish(self._cut)
        except Exception as error:
            log.warning("upload not stored: %r - %s", self.file.path, error)

    def _cut(self, file: OpenFile) -> None:
        self._is_cut = True
        self._files.cut(file)

    def _finish(self, how: Callable[[OpenFile], None]) -> None:
        """Only the first does it: a file is flushed at each close of each copy of its number."""
        with self._lock:
            if self._is_finished:
                return
            try:
                how(self.file)
            finally:
                self._is_finished = True


class Folder:
    """A folder being read. The kernel says where to go on by the number of names it has taken."""

    def __init__(self, path: str, pages: Callable[[], Iterator[Page]]) -> None:
        self.path = path
        self._open = pages
        self._pages = pages()
        self._page: Page = []
        self._start = 0  # the number of its first name

    def names(self, offset: int) -> Iterator[tuple[Entry, int]]:
        """Give entries from `offset` on, each with the offset behind it; none at the end.

        Those of one page only, so that nothing fails while they are taken.
        """
        if offset < self._start:
            self._pages, self._page, self._start = self._open(), [], 0
        while offset >= self._start + len(self._page):
            page = next(self._pages, None)
            if page is None:
                return iter(())
            self._start += len(self._page)
            self._page = page
        rest = islice(self._page, offset - self._start, None)
        return ((entry, number) for number, entry in enumerate(rest, start=offset + 1))
