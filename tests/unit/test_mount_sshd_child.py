"""sshd as a child, played by a script: started, told of changes, stopped, died."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.mount.sshd import Sshd, SshdError
from tests.unit.quill_fakes import eventually

# With `-t` it refuses a configuration that says so; else it listens, and says what HUP makes of it.
SCRIPT = """#!/bin/sh
case "$*" in *"-t "*) ! grep -q wrong {config} ; exit ;; esac
listen() {{ echo "Server listening on 0.0.0.0 port 2222." >&2; cat {config} >&2; }}
trap listen HUP
trap 'exit 0' TERM
echo "pid $$" >&2
env >&2
listen
while :; do sleep 0.01; done
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = tmp_path / "sshd_config"
    config.write_text("first\n")
    return config


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def sshd(config: Path, lines: list[str], tmp_path: Path) -> Iterator[Sshd]:
    program = tmp_path / "sshd"
    program.write_text(SCRIPT.format(config=config))
    program.chmod(0o755)

    def read(line: str) -> bool:
        lines.append(line)
        return True

    made = Sshd(config, read, str(program))
    yield made
    made.stop()


def eventually_says(lines: list[str], text: str) -> None:
    def look() -> None:
        assert text in lines

    eventually(look)


def test_it_reads_its_configuration_when_started_and_when_told(
    sshd: Sshd, config: Path, lines: list[str]
) -> None:
    sshd.serve()
    eventually_says(lines, "first")
    config.write_text("second\n")
    sshd.serve()
    eventually_says(lines, "second")
    sshd.check()


def test_it_inherits_nothing_of_our_environment(
    sshd: Sshd, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "all of S3")
    sshd.serve()
    eventually_says(lines, "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
    assert not [line for line in lines if line.startswith("AWS_")]


def test_a_configuration_it_refuses_never_reaches_it(sshd: Sshd, config: Path) -> None:
    config.write_text("wrong\n")
    with pytest.raises(SshdError, match="refuses"):
        sshd.serve()
    assert not sshd.is_running


def test_stopped_it_may_start_again(sshd: Sshd) -> None:
    sshd.serve()
    sshd.stop()
    sshd.check()
    assert not sshd.is_running
    sshd.serve()
    sshd.check()


def test_dead_it_is_found_out(sshd: Sshd, lines: list[str]) -> None:
    sshd.serve()
    pid = next(line.removeprefix("pid ") for line in lines if line.startswith("pid "))
    os.kill(int(pid), signal.SIGKILL)

    def look() -> None:
        assert "exit -9" in death_of(sshd)

    eventually(look)


def death_of(sshd: Sshd) -> str:
    try:
        sshd.check()
    except SshdError as error:
        return str(error)
    return ""
