"""What a process that waits is waiting for, seen from outside."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.files.modes import OpenMode
from emulator.mount.intent import UNKNOWN, Intent, intent_of, open_mode
from tests.integration.support import eventually
from tests.unit.mount_fakes import GONE

WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


@contextmanager
def waiting(folder: Path, redirection: str) -> Iterator[subprocess.Popen[bytes]]:
    """A shell that opens a pipe nobody else has open, and so waits in openat."""
    os.mkfifo(folder / "pipe")
    process = subprocess.Popen(["sh", "-c", f": {redirection}"], cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("spelt", ["{}/pipe", "pipe", "./x/../pipe"])
@pytest.mark.parametrize(("sign", "mode"), [(">", OpenMode.WRITE), ("<", OpenMode.READ)])
def test_what_another_process_opens(tmp_path: Path, spelt: str, sign: str, mode: OpenMode) -> None:
    (tmp_path / "x").mkdir()
    pipe = f"{tmp_path}/pipe"
    with waiting(tmp_path, f"{sign} {spelt.format(tmp_path)}") as process:

        def look() -> Intent:
            intent = intent_of(process.pid)
            assert intent.opens(pipe)
            return intent

        intent = eventually(look, 10)
    assert mode in intent.mode
    assert intent.passes(str(tmp_path))
    assert not intent.passes(pipe)
    assert not intent.passes(f"{tmp_path}/pip")


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    assert intent_of(GONE) == UNKNOWN
    assert not UNKNOWN.makes("/a")
    assert not UNKNOWN.passes("/")


def test_what_is_to_be_new_is_the_last_path() -> None:
    rename = Intent("make", ("/h/old", "/h/new"))
    assert rename.makes("/h/new")
    assert not rename.makes("/h/old")
    assert rename.passes("/h")


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        (os.O_RDONLY, OpenMode.READ),
        (os.O_RDWR, OpenMode.READ | OpenMode.WRITE),
        (WRITE, OpenMode.WRITE | OpenMode.CREATE | OpenMode.TRUNCATE),
        (os.O_WRONLY | os.O_APPEND, OpenMode.WRITE | OpenMode.APPEND),
        (
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC,
            OpenMode.WRITE | OpenMode.CREATE | OpenMode.EXCLUSIVE,
        ),
    ],
)
def test_flags_of_open_as_sftp_has_them(flags: int, mode: OpenMode) -> None:
    assert open_mode(flags) == mode
