"""What S3 is asked when the kernel looks a name up."""

from __future__ import annotations

import os

import pytest

from emulator.files.errors import NoSuchFile, PermissionDenied, Unsupported
from emulator.files.listing import Entry
from emulator.mount.intent import UNKNOWN, Intent
from emulator.mount.looking import look_up
from emulator.mount.sessions import Session
from tests.unit.mount_fakes import FakeFiles

PATH = "/b/ann/in/file"
CREATE = os.O_WRONLY | os.O_CREAT
UPLOAD = CREATE | os.O_TRUNC


def looked_up(files: FakeFiles, path: str, intent: Intent) -> Entry:
    return look_up(Session(files), path, f"/homes/ann{path}", lambda: intent)


def an_open(flags: int, path: str = PATH) -> Intent:
    return Intent("open", (f"/homes/ann{path}",), flags)


@pytest.mark.parametrize("path", ["/b", "/b/ann", "/b/ann/in"])
def test_folders_on_the_way_are_there_unasked(path: str) -> None:
    files = FakeFiles()
    files.denied = {path}
    assert looked_up(files, path, an_open(UPLOAD)).is_folder
    assert not files.asked


@pytest.mark.parametrize("path", ["/b", "/b/ann"])
def test_the_way_home_is_there_for_whatever_reason_it_is_asked(path: str) -> None:
    files = FakeFiles()
    assert looked_up(files, path, UNKNOWN).is_folder
    assert not files.asked


@pytest.mark.parametrize(
    "intent",
    [
        an_open(UPLOAD),
        an_open(CREATE | os.O_EXCL),
        Intent("make", (f"/homes/ann{PATH}",)),
        Intent("make", ("/homes/ann/b/ann/old", f"/homes/ann{PATH}")),
    ],
)
def test_what_is_to_be_made_is_not_there_unasked(intent: Intent) -> None:
    files = FakeFiles(PATH)
    with pytest.raises(NoSuchFile):
        looked_up(files, PATH, intent)
    assert not files.asked


def test_a_folder_to_be_read_is_there_unasked() -> None:
    files = FakeFiles()
    assert looked_up(files, PATH, an_open(os.O_RDONLY | os.O_DIRECTORY)).is_folder
    assert not files.asked


@pytest.mark.parametrize("flags", [os.O_RDWR, UPLOAD | os.O_APPEND, os.O_RDWR | os.O_CREAT])
def test_a_mode_that_s3_has_not_is_refused_now_and_told(flags: int) -> None:
    files = FakeFiles(PATH)
    with pytest.raises(Unsupported, match="Cannot open file in mode"):
        looked_up(files, PATH, an_open(flags))
    assert files.kinds() == ["OPEN"]


@pytest.mark.parametrize("intent", [UNKNOWN, an_open(os.O_RDONLY), an_open(os.O_WRONLY)])
def test_else_s3_is_asked(intent: Intent) -> None:
    files = FakeFiles(PATH)
    assert looked_up(files, PATH, intent).size == 3
    with pytest.raises(NoSuchFile):
        looked_up(files, "/b/ann/no", an_open(intent.flags, "/b/ann/no"))
    assert files.asked == [PATH, "/b/ann/no"]


def test_a_folder_opened_as_a_file_is_no_such_file_as_in_the_other_front_end() -> None:
    session, asked = Session(FakeFiles(f"{PATH}/")), f"/homes/ann{PATH}"
    with pytest.raises(NoSuchFile):
        look_up(session, PATH, asked, lambda: an_open(os.O_RDONLY))
    # Also a moment after it was seen.
    assert look_up(session, PATH, asked, lambda: UNKNOWN).is_folder
    with pytest.raises(NoSuchFile):
        look_up(session, PATH, asked, lambda: an_open(os.O_RDONLY))


def test_who_may_not_look_may_still_remove() -> None:
    files = FakeFiles(PATH)
    files.denied = {PATH}
    assert not looked_up(files, PATH, Intent("remove", (f"/homes/ann{PATH}",))).is_folder
    with pytest.raises(PermissionDenied):
        looked_up(files, PATH, UNKNOWN)


def test_s3_is_asked_once_for_the_look_ups_of_one_moment() -> None:
    files = FakeFiles(PATH)
    session = Session(files)
    for _ in range(3):
        assert look_up(session, PATH, f"/homes/ann{PATH}", lambda: UNKNOWN).size == 3
    assert files.asked == [PATH]
    for _ in range(3):
        with pytest.raises(NoSuchFile):
            look_up(session, "/b/ann/no", "/homes/ann/b/ann/no", lambda: UNKNOWN)
    assert files.asked == [PATH, *["/b/ann/no"] * 3]
