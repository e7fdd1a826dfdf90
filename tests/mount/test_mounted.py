"""Our file system in the kernel, under the host's sshd. Needs root and /dev/fuse."""

from __future__ import annotations

import os
from contextlib import suppress

import paramiko
import psutil
import pytest

from tests.integration.raw_sftp import Code, Flag, Kind, RawSftp, attributes, string, uint64
from tests.integration.support import eventually
from tests.mount.conftest import Mounted

CREATE = Flag.WRITE | Flag.CREAT | Flag.TRUNC
MIB = 1024 * 1024
MEAN = ["q3 sales.csv", "a+b %2e.csv", "más \"100%\" 'x'.csv", "line\nbreak", "a\\b", "x" * 255]


def opened(sftp: RawSftp, path: str, flags: int) -> bytes:
    return sftp.request(Kind.OPEN, path, flags, attributes()).handle


def test_each_client_action_makes_the_events_it_makes_on_aws(mounted: Mounted, folder: str) -> None:
    with mounted.client() as sftp:
        for body in (b"new", b"newer", b""):
            with sftp.open(f"{folder}/file", "w") as file:
                file.write(body)
        assert mounted.events(folder) == [("Put", "file")] * 3
        with sftp.open(f"{folder}/a.filepart", "w") as file:
            file.write(b"x")
        sftp.rename(f"{folder}/a.filepart", f"{folder}/a")
        assert mounted.events(folder) == [("Put", "a.filepart"), ("Copy", "a")]
        with sftp.open(f"{folder}/big", "w") as file:
            file.set_pipelined()
            file.write(os.urandom(20 * MIB))
        assert mounted.events(folder) == [("CompleteMultipartUpload", "big")]
        sftp.mkdir(f"{folder}/sub")
        assert mounted.events(folder) == [("Put", "sub/")]
    assert mounted.keys(folder) == {"": 0, "a": 1, "big": 20 * MIB, "file": 0, "sub/": 0}


def test_200_of_200_files_renamed_right_after_their_upload_are_kept(
    mounted: Mounted, folder: str
) -> None:
    with mounted.raw() as sftp:
        for number in range(200):
            name = f"{folder}/{number:03}.csv"
            handle = opened(sftp, f"{name}.filepart", CREATE)
            sftp.send(Kind.WRITE, handle, uint64(0), name)
            sftp.send(Kind.CLOSE, handle)
            assert sftp.request(Kind.RENAME, f"{name}.filepart", name).code == Code.OK
    sizes = {"": 0, **{f"{number:03}.csv": len(folder) + 8 for number in range(200)}}
    assert mounted.keys(folder) == sizes
    assert mounted.told(folder).count("RENAME") == 200


@pytest.mark.parametrize("name", MEAN)
def test_a_name_is_kept_as_it_is(mounted: Mounted, folder: str, name: str) -> None:
    with mounted.client() as sftp:
        with sftp.open(f"{folder}/{name}", "w") as file:
            file.write(b"abc")
        assert sftp.listdir(folder) == [name]
        with sftp.open(f"{folder}/{name}") as file:
            assert file.read() == b"abc"
    assert mounted.keys(folder) == {"": 0, name: 3}


def test_a_name_that_is_no_utf_8_is_a_bad_message(mounted: Mounted, folder: str) -> None:
    with mounted.raw() as sftp:
        path = string(folder.encode() + b"/\xff")
        assert sftp.request(Kind.OPEN, path, CREATE, attributes()).code == Code.BAD_MESSAGE


def test_a_client_that_vanishes_leaves_the_part_received(mounted: Mounted, folder: str) -> None:
    with mounted.connection() as transport:
        sftp = RawSftp(transport)
        handle = opened(sftp, f"{folder}/cut", CREATE)
        assert sftp.request(Kind.WRITE, handle, uint64(0), "half").code == Code.OK
        transport.sock.close()
    eventually(lambda: _equal(mounted.keys(folder), {"": 0, "cut": 4}))
    eventually(lambda: _equal(mounted.told(folder), ["OPEN", "PARTIAL_CLOSE"]))


def test_a_server_killed_between_writes_leaves_the_part_received(
    mounted: Mounted, folder: str
) -> None:
    with mounted.connection() as transport:
        sftp = RawSftp(transport)
        handle = opened(sftp, f"{folder}/cut", CREATE)
        assert sftp.request(Kind.WRITE, handle, uint64(0), "half").code == Code.OK
        for process in mounted.sshd.children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # some end with those before them
                process.kill()
    eventually(lambda: _equal(mounted.told(folder), ["OPEN", "PARTIAL_CLOSE"]))
    assert mounted.keys(folder) == {"": 0, "cut": 4}
    with mounted.client() as client:
        assert client.stat(f"{folder}/cut").st_size == 4


def test_a_listing_during_an_upload_is_not_what_the_file_is_after_it(
    mounted: Mounted, folder: str
) -> None:
    mounted.put(f"{folder}/file", b"old")
    with mounted.connection() as transport:
        one, other = RawSftp(transport), RawSftp(transport)
        handle = opened(one, f"{folder}/file", CREATE)
        assert one.request(Kind.WRITE, handle, uint64(0), "longer").code == Code.OK
        assert list(other.list_all(folder)) == ["file"]
        assert one.request(Kind.CLOSE, handle).code == Code.OK
        for sftp in (one, other):
            assert sftp.request(Kind.STAT, f"{folder}/file").attributes.size == len("longer")


def test_a_closed_file_is_no_part(mounted: Mounted, folder: str) -> None:
    with mounted.raw() as sftp:
        handle = opened(sftp, f"{folder}/whole", CREATE)
        assert sftp.request(Kind.CLOSE, handle).code == Code.OK
    assert mounted.told(folder) == ["OPEN", "CLOSE"]


def test_what_s3_cannot_do_is_refused_by_the_other_front_ends_status(
    mounted: Mounted, folder: str
) -> None:
    mounted.put(f"{folder}/file", b"abc")
    mounted.put(f"{folder}/sub/file", b"abc")
    file, sub = f"{folder}/file", f"{folder}/sub"
    with mounted.raw() as sftp:
        codes = {
            "append": sftp.request(
                Kind.OPEN, file, Flag.WRITE | Flag.CREAT | Flag.APPEND, attributes()
            ).code,
            "read and write": sftp.request(
                Kind.OPEN, file, Flag.READ | Flag.WRITE, attributes()
            ).code,
            "read a folder": sftp.request(Kind.OPEN, sub, Flag.READ, attributes()).code,
            "create what is there": sftp.request(
                Kind.OPEN, file, Flag.WRITE | Flag.CREAT | Flag.EXCL, attributes()
            ).code,
            "rename a folder": sftp.request(Kind.RENAME, sub, f"{folder}/other").code,
            "rename onto": sftp.request(Kind.RENAME, file, f"{sub}/file").code,
            "rename onto itself": sftp.request(Kind.RENAME, file, file).code,
            "rename nothing": sftp.request(Kind.RENAME, f"{folder}/no", f"{folder}/other").code,
            "chmod": sftp.request(Kind.SETSTAT, file, attributes(mode=0o600)).code,
            "symlink": sftp.request(Kind.SYMLINK, "file", f"{folder}/link").code,
            "mkdir": sftp.request(Kind.MKDIR, sub, attributes()).code,
            "rmdir full": sftp.request(Kind.RMDIR, sub).code,
            "rmdir file": sftp.request(Kind.RMDIR, file).code,
            "rm folder": sftp.request(Kind.REMOVE, sub).code,
            "rm nothing": sftp.request(Kind.REMOVE, f"{folder}/no").code,
            "ls nothing": sftp.request(Kind.OPENDIR, f"{folder}/no").code,
            "stat nothing": sftp.request(Kind.STAT, f"{folder}/no").code,
        }
    assert codes == {
        "append": 8,
        "read and write": 8,
        "read a folder": 2,
        "create what is there": 4,
        "rename a folder": 8,
        "rename onto": 4,
        "rename onto itself": 4,
        "rename nothing": 2,
        "chmod": 8,
        "symlink": 8,
        "mkdir": 4,
        "rmdir full": 4,
        "rmdir file": 2,
        "rm folder": 4,
        "rm nothing": 2,
        "ls nothing": 2,
        "stat nothing": 2,
    }
    assert mounted.keys(folder) == {"": 0, "file": 3, "sub/file": 3}


def test_random_access_spoils_an_upload_and_close_says_so(mounted: Mounted, folder: str) -> None:
    with mounted.raw() as sftp:
        handle = opened(sftp, f"{folder}/file", CREATE)
        assert sftp.request(Kind.WRITE, handle, uint64(7), "x").code == Code.FAILURE
        assert sftp.request(Kind.CLOSE, handle).code == Code.FAILURE
        handle = opened(sftp, f"{folder}/file", CREATE)
        assert sftp.request(Kind.CLOSE, handle).code == Code.OK
    assert mounted.keys(folder) == {"": 0, "file": 0}


def test_a_folder_that_is_not_there_takes_an_upload(mounted: Mounted, folder: str) -> None:
    with mounted.client() as sftp, sftp.open(f"{folder}/no/such/file", "w") as file:
        file.write(b"abc")
    assert mounted.keys(folder) == {"": 0, "no/such/file": 3}


def test_a_file_is_read_to_its_end_as_it_was_opened(mounted: Mounted, folder: str) -> None:
    old, new = os.urandom(9 * MIB), os.urandom(MIB)
    mounted.put(f"{folder}/file", old)
    with mounted.client() as sftp, mounted.client() as other, sftp.open(f"{folder}/file") as file:
        first = file.read(MIB)
        with other.open(f"{folder}/file", "w") as again:
            again.write(new)
        assert first + file.read() == old
        with other.open(f"{folder}/file") as again:
            assert again.read() == new


def test_the_size_so_far_of_an_upload(mounted: Mounted, folder: str) -> None:
    with mounted.raw() as sftp:
        handle = opened(sftp, f"{folder}/file", CREATE)
        for size in (3, 6):
            sftp.request(Kind.WRITE, handle, uint64(size - 3), "abc")
            assert sftp.request(Kind.FSTAT, handle).attributes.size == size


def test_what_others_do_shows_at_once(mounted: Mounted, folder: str) -> None:
    with mounted.client() as sftp:
        for number in range(20):
            path = f"{folder}/{number}"
            with pytest.raises(FileNotFoundError):
                sftp.stat(path)
            mounted.put(path, b"story")
            assert sftp.stat(path).st_size == 5
            assert str(number) in sftp.listdir(folder)


def test_a_long_listing_is_whole_and_in_order(mounted: Mounted, folder: str) -> None:
    names = [f"{number:04}" for number in range(1234)]
    for name in names:
        mounted.put(f"{folder}/{name}", b"abc")
    with mounted.client() as sftp:
        found = sftp.listdir_attr(folder)
    assert [(each.filename, each.st_size) for each in found] == [(name, 3) for name in names]


def test_channels_of_one_connection_share_a_session(mounted: Mounted, folder: str) -> None:
    with mounted.connection() as transport:
        channels = [paramiko.SFTPClient.from_transport(transport) for _ in range(3)]
        for number, channel in enumerate(channels):
            assert channel is not None
            with channel.open(f"{folder}/{number}", "w") as file:
                file.write(b"x")
    assert mounted.keys(folder) == {"": 0, "0": 1, "1": 1, "2": 1}


def test_threads_and_connections_go_with_the_session(mounted: Mounted, folder: str) -> None:
    mounted.put(f"{folder}/file", b"abc")
    with mounted.client() as sftp:
        sftp.stat(f"{folder}/file")
    before = mounted.mount.num_fds()
    for _ in range(10):
        with mounted.client() as sftp:
            sftp.stat(f"{folder}/file")
    eventually(lambda: _at_most(mounted.mount.num_fds(), before + 2))


def _equal(found: object, wanted: object) -> None:
    assert found == wanted


def _at_most(found: int, most: int) -> None:
    assert found <= most
