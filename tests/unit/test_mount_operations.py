"""The kernel's requests, without a kernel."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from emulator.files.listing import Entry
from emulator.mount.operations import FileSystem
from tests.unit.mount_fakes import GONE, UID, FakeFiles, Info, Mount, errno_raised

HOME = "/ann/b/ann"
FILE = f"{HOME}/file"


@pytest.fixture
def mount() -> Iterator[Mount]:
    made = Mount(FakeFiles("/b/ann/file", "/b/ann/folder/"))
    yield made
    made.sessions.end()


def listed(mount: Mount, path: str) -> dict[str, int]:
    """Names with their kinds, read one by one."""
    number = mount.system.opendir(path)
    found: dict[str, int] = {}
    offset = 0
    while taken := list(mount.system.readdir_with_offset(None, offset, number))[:1]:
        name, kind, offset = taken[0]
        found[name] = stat.S_IFMT(kind)
    mount.system.releasedir(None, number)
    return found


def test_the_folder_users_are_locked_in_is_root_s_and_nobody_else_s_to_write(mount: Mount) -> None:
    for uid in (0, UID):
        mount.as_user(uid)
        for path in ("/", "/ann"):
            found = mount.system.getattr(path, None)
            assert (found["st_uid"], found["st_mode"] & 0o022) == (0, 0)
            assert stat.S_ISDIR(found["st_mode"])
    assert not mount.files.asked


def test_below_it_all_is_the_user_s(mount: Mount) -> None:
    found = mount.system.getattr(FILE, None)
    assert (found["st_uid"], found["st_gid"], found["st_size"]) == (UID, UID, 3)
    assert stat.S_ISREG(found["st_mode"])
    assert stat.S_ISDIR(mount.system.getattr(f"{HOME}/folder", None)["st_mode"])


DOES: list[Callable[[FileSystem], object]] = [
    lambda system: system.getattr(FILE, None),
    lambda system: system.getattr(HOME, None),
    lambda system: system.opendir("/ann"),
    lambda system: system.open(FILE, Info()),
    lambda system: system.create(FILE, 0, Info(os.O_WRONLY)),
    lambda system: system.unlink(FILE),
    lambda system: system.mkdir(f"{HOME}/new", 0),
    lambda system: system.rmdir(f"{HOME}/folder"),
    lambda system: system.rename(FILE, f"{HOME}/new"),
    lambda system: system.chmod(FILE, 0o600),
]


@pytest.mark.parametrize("does", DOES)
@pytest.mark.parametrize("uid", [0, UID + 1])
def test_nobody_else_gets_there_root_neither(
    mount: Mount, does: Callable[[FileSystem], object], uid: int
) -> None:
    mount.as_user(uid)
    assert errno_raised(lambda: does(mount.system)) == errno.EACCES
    assert not mount.files.asked
    assert not mount.files.kinds()


def test_another_user_s_folder_is_closed_and_who_is_nobody_has_none(mount: Mount) -> None:
    mount.as_user(UID + 1)
    assert errno_raised(lambda: mount.system.getattr("/ann", None)) == errno.EACCES
    assert errno_raised(lambda: mount.system.getattr("/bob", None)) == errno.ENOENT
    assert errno_raised(lambda: mount.system.opendir("/bob/x")) == errno.ENOENT


def test_an_upload_is_stored_at_flush_and_told_as_closed(mount: Mount) -> None:
    info = mount.create(f"{HOME}/new")
    assert info.direct_io
    for offset, data in ((0, b"ab"), (2, b"c")):
        assert mount.system.write(None, data, offset, info) == len(data)
        assert mount.system.getattr(f"{HOME}/new", None)["st_size"] == offset + len(data)
    assert not mount.files.s3.objects
    mount.system.flush(None, info)
    assert mount.files.s3.objects == {"ann/new": b"abc"}
    mount.system.flush(None, info)
    mount.system.release(None, info)
    assert mount.files.kinds() == ["OPEN", "CLOSE"]
    assert mount.files.s3.calls == ["put_object"]


def test_who_closes_while_it_exits_was_cut(mount: Mount) -> None:
    info = mount.create(f"{HOME}/new")
    mount.system.write(None, b"half", 0, info)
    mount.as_process(GONE)
    mount.system.flush(None, info)
    mount.system.release(None, info)
    assert mount.files.kinds() == ["OPEN", "PARTIAL_CLOSE"]
    assert mount.files.s3.objects == {"ann/new": b"half"}


def test_a_file_let_go_without_a_flush_was_cut(mount: Mount) -> None:
    mount.system.release(None, mount.create(f"{HOME}/new"))
    assert mount.files.kinds() == ["OPEN", "PARTIAL_CLOSE"]


def test_a_file_cut_while_its_client_goes_on_does_not_close_well() -> None:
    mount = Mount(FakeFiles())
    info = mount.create(f"{HOME}/new")
    mount.system.write(None, b"half", 0, info)
    mount.sessions.end()
    with suppress(OSError):
        mount.system.write(None, b" and half", 4, info)
    assert errno_raised(lambda: mount.system.flush(None, info)) == errno.EIO
    assert mount.files.s3.objects == {"ann/new": b"half"}
    assert mount.files.kinds() == ["OPEN", "PARTIAL_CLOSE"]


def test_what_was_there_before_an_upload_is_forgotten_with_its_end(mount: Mount) -> None:
    info = mount.create(f"{HOME}/file")
    mount.system.write(None, b"longer", 0, info)
    listed(mount, HOME)  # the old file
    mount.system.flush(None, info)
    mount.files.entries["/b/ann/file"] = Entry("file", is_folder=False, size=6)
    assert mount.system.getattr(FILE, None)["st_size"] == 6


def test_what_the_kernel_found_is_written_anew_though_it_leaves_out_creat(mount: Mount) -> None:
    info = Info(os.O_WRONLY | os.O_TRUNC)
    mount.system.open(FILE, info)
    mount.system.write(None, b"new", 0, info)
    mount.system.flush(None, info)
    assert mount.files.s3.objects == {"ann/file": b"new"}
    assert mount.files.s3.calls == ["put_object"]


def test_reading(mount: Mount) -> None:
    mount.files.s3.objects["ann/file"] = b"0123456789"
    info = Info()
    mount.system.open(FILE, info)
    assert mount.system.read(None, 4, 3, info) == b"3456"
    assert mount.system.read(None, 4, 10, info) == b""
    assert errno_raised(lambda: mount.system.write(None, b"x", 0, info)) == errno.EIO
    mount.system.flush(None, info)
    mount.system.release(None, info)
    assert mount.files.kinds() == ["OPEN", "CLOSE"]


def test_random_access_fails_and_so_does_the_flush(mount: Mount) -> None:
    info = mount.create(f"{HOME}/new")
    assert errno_raised(lambda: mount.system.write(None, b"x", 5, info)) == errno.EIO
    assert errno_raised(lambda: mount.system.flush(None, info)) == errno.EIO
    assert errno_raised(lambda: mount.system.read(None, 1, 0, info)) == errno.EIO
    assert not mount.files.s3.objects


def test_a_handle_never_given(mount: Mount) -> None:
    for work in (mount.system.flush, mount.system.release):
        assert errno_raised(lambda work=work: work(None, Info(fh=99))) == errno.EIO  # type: ignore[misc]


def test_a_folder_s_names_are_looked_up_from_its_listing(mount: Mount) -> None:
    number = mount.system.opendir(HOME)
    names = [name for name, _, _ in mount.system.readdir_with_offset(None, 0, number)]
    assert names == ["file"]  # one page
    assert mount.system.getattr(f"{HOME}/file", None)["st_size"] == 3
    assert stat.S_ISDIR(mount.system.getattr(HOME, None)["st_mode"])
    assert not mount.files.asked
    mount.system.releasedir(None, number)
    assert listed(mount, HOME) == {"file": stat.S_IFREG, "folder": stat.S_IFDIR}


def test_what_the_session_changes_is_seen_by_it_at_once(mount: Mount) -> None:
    listed(mount, HOME)
    mount.system.unlink(FILE)
    assert errno_raised(lambda: mount.system.getattr(FILE, None)) == errno.ENOENT
    mount.system.mkdir(FILE, 0)
    assert stat.S_ISDIR(mount.system.getattr(FILE, None)["st_mode"])
    mount.system.rename(f"{HOME}/folder", f"{HOME}/other")
    assert errno_raised(lambda: mount.system.getattr(f"{HOME}/folder", None)) == errno.ENOENT
    assert mount.system.getattr(f"{HOME}/other", None)


def test_a_folder_that_is_not_there_shows_at_opendir(mount: Mount) -> None:
    assert errno_raised(lambda: mount.system.opendir(f"{HOME}/no")) == errno.ENOENT


REFUSED: list[tuple[Callable[[FileSystem], object], int]] = [
    (lambda system: system.chmod(FILE, 0o600), errno.ENOSYS),
    (lambda system: system.chown(FILE, 1, 1), errno.ENOSYS),
    (lambda system: system.utimens(FILE, (1, 1)), errno.ENOSYS),
    (lambda system: system.truncate(FILE, 0), errno.ENOSYS),
    (lambda system: system.symlink("a", "b"), errno.ENOSYS),
    (lambda system: system.statfs("/"), errno.ENOSYS),
    (lambda system: system.link(FILE, f"{HOME}/new"), errno.EOPNOTSUPP),
    (lambda system: system.fsync(None, 0, Info()), errno.EOPNOTSUPP),
    (lambda system: system.getattr(f"{HOME}/\udcff", None), errno.EINVAL),
]


@pytest.mark.parametrize(("does", "number"), REFUSED)
def test_refusals(mount: Mount, does: Callable[[FileSystem], object], number: int) -> None:
    assert errno_raised(lambda: does(mount.system)) == number


def test_truncating_an_open_file_is_setstat(mount: Mount) -> None:
    info = mount.create(f"{HOME}/new")
    assert errno_raised(lambda: mount.system.truncate(None, 0, info)) == errno.ENOSYS
    assert mount.files.kinds() == ["OPEN", "SETSTAT"]


def test_what_nobody_thought_of_is_a_failure(
    mount: Mount, caplog: pytest.LogCaptureFixture
) -> None:
    assert errno_raised(lambda: mount.system.rename(f"{HOME}/no", f"{HOME}/new")) == errno.EIO
    assert "rename failed" in caplog.text
