"""Real processes, short ones: `sleep` and a few lines of shell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from quillgate import reaper
from quillgate.errors import StartError
from quillgate.processes import Child, Children
from tests.unit.quill_fakes import eventually

LONG = ["sleep", "1000"]
# Ignores SIGTERM, as does what it has started; says the pid of that once it can be relied on.
STUBBORN = ["sh", "-c", "trap '' TERM; sleep 1000 & echo $!; wait"]
Start = Callable[[list[str]], Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Child] = []

    def start(command: list[str]) -> Child:
        started.append(Child("AWS engine", command, {}, tmp_path / "logs" / "engine.log"))
        return started[-1]

    yield start
    for child in started:
        child.stop(0)


@pytest.fixture
def children() -> Iterator[Children]:
    made = Children()
    yield made
    with suppress(ValueError):  # the test has stopped them already
        made.stop()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(LONG, start_new_session=True) as process:
        yield process
        process.kill()


def wait_for_end(child: Child) -> None:
    os.waitid(os.P_PID, child.group, os.WEXITED | os.WNOWAIT)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def started_by(child: Child) -> int:
    """The process that STUBBORN has started."""

    def told() -> None:
        assert child.log.read_text().endswith("\n")

    eventually(told)
    return int(child.log.read_text())


def test_a_child_that_runs_is_no_complaint(start: Start) -> None:
    start(LONG).check()


def test_a_child_that_ended_is_told_with_its_last_lines(start: Start) -> None:
    child = start(["sh", "-c", "seq 1 20; echo 'no such é' >&2; exit 3"])
    wait_for_end(child)
    with pytest.raises(StartError) as told:
        child.check()
    lines = "\n".join(f"  {line}" for line in [*range(14, 21), "no such é"])
    assert str(told.value) == f"AWS engine ended: 'exit code 3' - its last lines:\n{lines}"


def test_a_child_that_said_nothing_is_told_too(start: Start) -> None:
    child = start(["true"])
    wait_for_end(child)
    with pytest.raises(StartError, match=r"^AWS engine ended: 'exit code 0' - .*\n  \(none\)$"):
        child.check()


def test_a_child_stops_by_itself(start: Start) -> None:
    child = start(LONG)
    assert child.stop(10)
    assert is_gone(child.group)


def test_a_child_that_had_died_did_not_stop_by_itself(start: Start) -> None:
    child = start(["true"])
    wait_for_end(child)
    assert not child.stop(10)


def test_a_child_that_will_not_stop_is_killed_with_what_it_started(start: Start) -> None:
    child = start(STUBBORN)
    grandchild = started_by(child)
    assert not child.stop(0.02)
    assert is_gone(child.group)

    def all_gone() -> None:
        assert is_gone(grandchild)

    eventually(all_gone)


def test_a_child_sees_neither_the_callers_aws_nor_proxies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "QUILL_TOKEN", "PYTHONPATH", "https_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "the caller's")
    monkeypatch.setenv("NAME", "kept")
    child = Child("part", ["env"], {"AWS_REGION": "given"}, tmp_path / "log")
    wait_for_end(child)
    child.stop(0)
    seen = dict(line.split("=", 1) for line in child.log.read_text().splitlines() if "=" in line)
    assert "the caller's" not in seen.values()
    assert (seen["NAME"], seen["AWS_REGION"], seen["NO_PROXY"]) == ("kept", "given", "*")
    assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_children_are_watched_and_stopped_together(children: Children, tmp_path: Path) -> None:
    groups = [
        children.start(name, LONG, {}, tmp_path / name).group for name in ("engine", "Transfer")
    ]
    children.check()
    assert children.stop() == ["Transfer", "engine"]
    assert all(is_gone(group) for group in groups)


def test_one_that_died_is_noticed_and_remembered(children: Children, tmp_path: Path) -> None:
    children.start("engine", LONG, {}, tmp_path / "engine")
    dead = children.start("Quill", ["false"], {}, tmp_path / "quill")
    wait_for_end(dead)
    with pytest.raises(StartError, match=r"^Quill ended: 'exit code 1' - "):
        children.check()
    assert children.stop() == ["engine"]


def test_waiting_ends_when_it_is_ready(children: Children) -> None:
    answers = iter([False, True])
    children.wait_until("Quill", lambda: next(answers), 10)
    assert list(answers) == []


def test_waiting_ends_when_a_child_does(children: Children, tmp_path: Path) -> None:
    wait_for_end(children.start("Quill", ["false"], {}, tmp_path / "quill"))
    with pytest.raises(StartError, match=r"^Quill ended: "):
        children.wait_until("Quill", lambda: False, 10)


def test_waiting_has_an_end(children: Children, tmp_path: Path) -> None:
    children.start("engine", LONG, {}, tmp_path / "logs" / "engine")
    with pytest.raises(StartError) as told:
        children.wait_until("AWS engine", lambda: False, 0)
    logs = tmp_path / "logs"
    assert str(told.value) == f"not ready after 0 s: 'AWS engine' - see the logs in {logs}"


@pytest.fixture
def reaping() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-S", reaper.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        yield process


def test_when_up_is_gone_the_reaper_ends_its_children(
    reaping: subprocess.Popen[str], sleeper: subprocess.Popen[bytes]
) -> None:
    assert reaping.stdin is not None
    reaping.stdin.write(f"{sleeper.pid}\n")
    reaping.stdin.close()
    # In this order: until we have looked, it is there for the reaper too.
    assert sleeper.wait(10) == -signal.SIGTERM
    assert reaping.wait(10) == 0


def test_when_up_has_stopped_its_children_the_reaper_does_nothing(
    reaping: subprocess.Popen[str], sleeper: subprocess.Popen[bytes]
) -> None:
    reaping.communicate(f"{sleeper.pid}\ndone\n", timeout=10)
    assert reaping.returncode == 0
    assert sleeper.poll() is None


def test_who_ignores_the_reaper_is_killed(start: Start) -> None:
    child = start(STUBBORN)
    grandchild = started_by(child)
    reaper.end([child.group], grace_seconds=0)

    def all_gone() -> None:
        assert is_gone(child.group)
        assert is_gone(grandchild)

    eventually(all_gone)


def test_a_group_that_is_gone_is_no_error(start: Start) -> None:
    child = start(["true"])
    child.stop(10)
    reaper.end([child.group])
