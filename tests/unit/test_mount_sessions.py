"""One session for each connection, from its first request to the end of its process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Event

import pytest

from emulator.files.errors import FileError, PermissionDenied
from emulator.files.modes import OpenMode
from emulator.files.session import FILES
from emulator.mount.processes import connection_of, is_exiting, process
from emulator.mount.sessions import Session, Sessions
from tests.integration.support import eventually
from tests.unit.mount_fakes import GONE, FakeFiles

UPLOAD = OpenMode.WRITE | OpenMode.CREATE | OpenMode.TRUNCATE
PATH = "/b/ann/file"


@contextmanager
def a_process() -> Iterator[subprocess.Popen[bytes]]:
    """One that lasts until its input ends."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as running:
        yield running


def test_a_connection_logs_in_once_however_many_come_at_once() -> None:
    logins: list[tuple[str, int]] = []
    together = Barrier(8)

    def log_in(name: str, pid: int) -> FakeFiles:
        logins.append((name, pid))
        return FakeFiles()

    sessions = Sessions(log_in, lambda _: os.getpid())

    def come(pid: int) -> Session:
        together.wait(10)
        return sessions.of("ann", pid)

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(come, range(1, 9)))
    assert len(found) == len(logins) == 1
    sessions.end()


def test_users_and_connections_have_sessions_of_their_own() -> None:
    sessions = Sessions(lambda _, __: FakeFiles(), lambda pid: pid)
    with a_process() as one, a_process() as other:
        found = {sessions.of(name, pid) for name in ("ann", "bob") for pid in (one.pid, other.pid)}
    assert len(found) == 4
    sessions.end()


def test_a_process_is_known_no_longer_than_it_lasts() -> None:
    asked = []

    def connection_of(pid: int) -> int:
        asked.append(pid)
        return os.getpid()

    sessions = Sessions(lambda _, __: FakeFiles(), connection_of)
    with a_process() as running:
        for _ in range(3):
            sessions.of("ann", running.pid)
        assert asked == [running.pid]

    def ask_anew() -> None:
        sessions.of("ann", running.pid)
        assert len(asked) > 1

    eventually(ask_anew, 10)
    sessions.end()


def test_a_refusal_counts_as_long_as_the_connection() -> None:
    asked = []

    def refuse(name: str, _: int) -> FakeFiles:
        asked.append(name)
        raise FileError("no role")

    sessions = Sessions(refuse, lambda _: os.getpid())
    for pid in (1, 1, 2):
        with pytest.raises(PermissionDenied):
            sessions.of("ann", pid)
    assert asked == ["ann"]
    sessions.end()


def test_a_session_ends_with_its_connection_s_process() -> None:
    files = FakeFiles()
    sessions = Sessions(lambda _, __: files, lambda pid: pid)
    with a_process() as running:
        session = sessions.of("ann", running.pid)
        assert sessions.of("ann", running.pid) is session
        assert not files.has_ended
    eventually(lambda: _is_true(files.has_ended), 10)
    with pytest.raises(PermissionDenied):
        sessions.of("ann", running.pid)
    sessions.end()


@pytest.mark.parametrize("connection", [0, GONE])
def test_who_is_gone_before_login_is_refused_and_not_remembered(connection: int) -> None:
    logins = []

    def log_in(_: str, pid: int) -> FakeFiles:
        logins.append(pid)
        return FakeFiles()

    connections = iter([connection, os.getpid()])
    sessions = Sessions(log_in, lambda _: next(connections))
    with pytest.raises(PermissionDenied):
        sessions.of("ann", 1)
    assert not logins
    assert sessions.of("ann", 1)
    sessions.end()


def test_it_does_not_end_before_its_last_file_is_let_go() -> None:
    files = FakeFiles()
    session = Session(files)
    handle = session.open(PATH, UPLOAD, 1)
    session.over()
    assert not files.has_ended
    handle.cut()
    session.remove(handle)
    assert files.has_ended


def test_at_the_end_open_uploads_are_stored_as_cut_and_nobody_gets_in() -> None:
    files = FakeFiles()
    sessions = Sessions(lambda _, __: files, lambda _: os.getpid())
    session = sessions.of("ann", 1)
    for name in ("a", "b"):
        session.open(f"/b/ann/{name}", UPLOAD, 1)
    sessions.end()
    assert sorted(files.kinds()) == ["OPEN", "OPEN", "PARTIAL_CLOSE", "PARTIAL_CLOSE"]
    assert sorted(files.s3.objects) == ["ann/a", "ann/b"]
    assert files.has_ended
    with pytest.raises(PermissionDenied):
        sessions.of("ann", 2)


def test_a_login_that_ends_after_its_connection_leaves_nothing_behind() -> None:
    files, is_in, may_go_on = FakeFiles(), Event(), Event()

    def log_in(_: str, __: int) -> FakeFiles:
        is_in.set()
        assert may_go_on.wait(10)
        return files

    sessions = Sessions(log_in, lambda pid: pid)
    with ThreadPoolExecutor(1) as threads:
        with a_process() as running:
            threads.submit(sessions.of, "ann", running.pid)
            assert is_in.wait(10)
        may_go_on.set()
    eventually(lambda: _is_true(files.has_ended), 10)
    sessions.end()


def test_a_process_has_so_many_files_open_and_no_more() -> None:
    session = Session(FakeFiles())
    for number in range(FILES):
        session.open(f"/b/ann/{number}", UPLOAD, 1)
    with pytest.raises(FileError, match="too many open files: 64"):
        session.open(PATH, UPLOAD, 1)
    session.open(PATH, UPLOAD, 2)
    session.cut()


def test_what_a_process_is() -> None:
    mine = process(os.getpid())
    assert mine is not None
    assert mine.parent == os.getppid()
    assert not is_exiting(os.getpid())
    assert is_exiting(GONE)
    assert connection_of(os.getpid()) == os.getpid()
    with a_process() as running:
        running.kill()
        os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
        assert is_exiting(running.pid)


def test_a_process_that_cannot_be_looked_at_is_not_taken_for_gone(tmp_path: Path) -> None:
    (tmp_path / "7" / "stat").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        process(7, tmp_path)
    assert process(8, tmp_path) is None


def _is_true(value: bool) -> None:
    assert value
