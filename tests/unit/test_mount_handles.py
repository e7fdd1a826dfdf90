"""Files that are finished once, folders that are read from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulator.files.errors import PermissionDenied
from emulator.files.listing import Entry, Page
from emulator.files.session import FileSession, OpenFile
from emulator.files.target import Target
from emulator.files.upload import Upload
from emulator.mount.handles import Folder, Handle
from tests.unit.files_fakes import FakeS3
from tests.unit.mount_fakes import FakeFiles, an_upload

NAMES = [["a", "b"], [], ["c"], ["d", "e", "f"]]


def pages() -> Iterator[Page]:
    for names in NAMES:
        yield [Entry(name, is_folder=False) for name in names]


def read(folder: Folder, offset: int, most: int = 100) -> list[tuple[str, int]]:
    """As the kernel does: it takes what has room, and comes again."""
    found = [(entry.name, behind) for entry, behind in folder.names(offset)][:most]
    return found + read(folder, found[-1][1], most) if found else []


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_each_name_once_whatever_the_kernel_has_room_for(most: int) -> None:
    found = read(Folder("/", pages), 0, most)
    assert found == [(name, number) for number, name in enumerate("abcdef", start=1)]


def test_reading_may_begin_again_and_anywhere() -> None:
    folder = Folder("/", pages)
    assert read(folder, 4) == [("e", 5), ("f", 6)]
    assert read(folder, 1)[0] == ("b", 2)
    assert read(folder, 0)[0] == ("a", 1)
    assert read(folder, 6) == read(folder, 100) == []


def test_a_file_is_finished_once() -> None:
    files = FakeFiles()
    handle = Handle(files, "/b/ann/file", an_upload(files), 1)
    assert handle.is_uploading
    handle.close()
    handle.close()
    handle.cut()
    assert files.kinds() == ["OPEN", "CLOSE"]
    assert not handle.is_uploading


def test_a_file_is_in_use_until_s3_has_it() -> None:
    files = FakeFiles()
    handle = Handle(files, "/b/ann/file", an_upload(files), 1)
    uploading: list[bool] = []

    def close(file: OpenFile) -> None:
        uploading.append(handle.is_uploading)
        FileSession.close(files, file)

    files.close = close  # type: ignore[method-assign]
    handle.close()
    assert uploading == [True]
    assert not handle.is_uploading


def test_a_close_that_fails_says_so_and_a_cut_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    files = FakeFiles()
    first, second = (Handle(files, "/x", refused_upload(), 1) for _ in range(2))
    with pytest.raises(PermissionDenied):
        first.close()
    assert not caplog.messages
    second.cut()
    assert caplog.messages == ["upload not stored: '/b/k' - Permission denied"]


def refused_upload() -> Upload:
    s3 = FakeS3(refuse="put_object")
    return Upload("/b/k", Target(s3.client, "b", "k", {}), ThreadPoolExecutor(1))
