"""`quillgate up` as a process: start, stop, kill, restart, and what people see of it."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.support import (
    QUILLGATE,
    Environment,
    NewUser,
    Quill,
    Running,
    eventually,
    put,
    quillgate,
    read_environment,
    spawned,
    start_environment,
)


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """An `up` and everything it has started."""
    up = psutil.Process(process.pid)
    return [up, *up.children(recursive=True)]


def none_left(processes: list[psutil.Process]) -> None:
    """Within the five seconds promised: who was killed takes a moment to end."""

    def ended() -> None:
        assert [each for each in processes if _runs(each)] == []

    eventually(ended, timeout_seconds=5)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two looks
        return False


def upload(environment: Environment, user: NewUser, path: str, content: bytes = b"n\n1\n") -> None:
    with environment.sftp(user) as sftp:
        put(sftp, path, content)


def use(environment: Environment) -> tuple[NewUser, dict[str, Any]]:
    """Leave `kept.csv` with a new user, and `incoming/a.csv` of the test user told to Quill."""
    user = environment.new_user()
    upload(environment, user, "kept.csv", b"kept")
    upload(environment, environment.the_test_user, "incoming/a.csv")
    return user, Quill(environment.quill_url).accepted("testuser/incoming/a.csv")


def test_nothing_listens_beyond_loopback(running: Running) -> None:
    ours = {each.pid for each in family(running.process)}
    connections = [c for c in psutil.net_connections(kind="inet") if c.pid in ours]
    listening = {c.laddr.ip for c in connections if c.laddr and c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    assert not [c for c in connections if c.type == socket.SOCK_DGRAM]


def test_sigterm_leaves_nothing_running(tmp_path: Path) -> None:
    with start_environment(tmp_path / "state") as running:
        upload(running.environment, running.environment.the_test_user, "incoming/a.csv")
        Quill(running.environment.quill_url).accepted("testuser/incoming/a.csv")
        processes = family(running.process)
        assert len(processes) >= 5
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=60) == 0
        none_left(processes)
        assert not (running.state / "environment.json").exists()


def test_after_sigkill_the_children_end_within_five_seconds(tmp_path: Path) -> None:
    with spawned(tmp_path / "state") as process:
        environment = read_environment(process)
        upload(environment, environment.the_test_user, "incoming/a.csv")
        processes = family(process)
        process.kill()
        none_left(processes)


def test_a_clean_restart_finds_everything_again(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with start_environment(state) as running:
        first = running.environment
        user, told = use(first)
        first.client("sqs").send_message(QueueUrl=first.dead_letter_queue_url, MessageBody="{}")
    with start_environment(state) as running:
        again = running.environment
        assert {**again.values, "pid": 0} == {**first.values, "pid": 0}
        with again.sftp(user) as sftp:
            assert sftp.open("kept.csv").read() == b"kept"
        quill = Quill(again.quill_url)
        assert quill.notification("testuser/incoming/a.csv")["receipt"] == told["receipt"]
        dead = again.client("sqs").receive_message(QueueUrl=again.dead_letter_queue_url)
        assert len(dead["Messages"]) == 1
        upload(again, again.the_test_user, "incoming/b.csv")
        quill.accepted("testuser/incoming/b.csv")


def test_on_other_ports_everything_is_found_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with start_environment(state) as running:
        first = running.environment
        user, told = use(first)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", int(first.aws_endpoint.rsplit(":", 1)[1])))
        taken.listen()
        with start_environment(state) as running:
            again = running.environment
            assert again.aws_endpoint != first.aws_endpoint
            with again.sftp(user) as sftp:
                assert sftp.open("kept.csv").read() == b"kept"
            quill = Quill(again.quill_url)
            upload(again, again.the_test_user, "incoming/b.csv")
            quill.accepted("testuser/incoming/b.csv")
            assert quill.notification("testuser/incoming/a.csv")["receipt"] == told["receipt"]


@pytest.mark.parametrize("everything", [False, True], ids=["up killed", "all killed"])
def test_after_a_kill_no_upload_is_lost(everything: bool, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with spawned(state) as process:
        first = read_environment(process)
        user, quill = first.new_user(), Quill(first.quill_url)
        upload(first, user, "kept.csv", b"kept")
        upload(first, first.the_test_user, "incoming/told.csv")
        told = quill.accepted("testuser/incoming/told.csv")
        quill.order_fault(status=503, times=1000)
        upload(first, first.the_test_user, "incoming/waiting.csv")
        eventually(lambda: quill.notification("testuser/incoming/waiting.csv"))
        processes = family(process)
        for each in processes if everything else processes[:1]:
            with contextlib.suppress(psutil.NoSuchProcess):  # some end with those before them
                each.kill()
        none_left(processes)
    with start_environment(state) as running:
        again = running.environment
        assert again.host_key_fingerprint == first.host_key_fingerprint
        with again.sftp(user) as sftp:
            assert sftp.open("kept.csv").read() == b"kept"
        quill = Quill(again.quill_url)
        quill.accepted("testuser/incoming/waiting.csv")
        assert quill.notification("testuser/incoming/told.csv")["receipt"] == told["receipt"]
        versions = again.client("s3").list_object_versions(Bucket=again.bucket)["Versions"]
        keys = [v["Key"] for v in versions]
        assert keys.count("testuser/outgoing/told.csv.story.txt") == 1
        assert keys.count("testuser/outgoing/waiting.csv.story.txt") == 1


def test_two_environments_do_not_meet(running: Running, tmp_path: Path) -> None:
    with start_environment(tmp_path / "other") as other:
        ports = [
            {
                value
                for name, value in each.environment.values.items()
                if name.endswith(("url", "port"))
            }
            for each in (running, other)
        ]
        assert not ports[0] & ports[1]
        upload(other.environment, other.environment.the_test_user, "incoming/only-there.csv")
        Quill(other.environment.quill_url).accepted("testuser/incoming/only-there.csv")
        _deploy_a_banner(other)
        _deploy_the_convention_for_stories(other, tmp_path / "routes.toml")
        here = Quill(running.environment.quill_url)
        assert here.notifications(key="testuser/incoming/only-there.csv") == []


def _deploy_a_banner(running: Running) -> None:
    """What only Transfer has is deployed as well, and is remembered."""
    state = ("--state", str(running.state))
    environment = running.environment

    def banner() -> str:
        transfer = environment.client("transfer")
        server = transfer.describe_server(ServerId=environment.server_id)["Server"]
        return str(server.get("PreAuthenticationLoginBanner"))

    refused = quillgate("deploy", *state, "--parameter", "LoginBanner=é")
    assert refused.returncode == 1
    assert "text in ASCII" in refused.stderr
    for given in (("--parameter", "LoginBanner=Welcome"), ()):
        deployed = quillgate("deploy", *state, *given)
        assert deployed.returncode == 0, deployed.stderr
        assert banner() == "Welcome"


def _deploy_the_convention_for_stories(running: Running, file: Path) -> None:
    """Routes whose stories Quill could not write are refused before they do harm."""
    state = ("--state", str(running.state))
    pattern = ("--parameter", "StoriesPattern=*/outgoing/*")
    assert quillgate("deploy", *state, *pattern).returncode == 0
    in_force = quillgate("routes", "show", *state).stdout
    file.write_text('[[route]]\nproject = "p"\ndirectory = "p/in"\nstories = "p/elsewhere"\n')
    refused = quillgate("routes", "push", str(file), *state)
    assert refused.returncode == 1
    assert "StoriesPattern" in refused.stderr
    assert quillgate("routes", "show", *state).stdout == in_force


def test_one_state_folder_is_for_one_environment(running: Running) -> None:
    second = quillgate("up", "--ports", "auto", "--state", str(running.state))
    assert second.returncode == 1
    assert second.stderr.strip() == (
        f"quillgate: an environment runs from here already: '{running.state}' "
        f"- stop it: quillgate down --state {running.state}"
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    """4566, taken by us or by somebody else."""
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # If it cannot be bound, somebody else has it.
        with contextlib.suppress(OSError):
            own.bind(("127.0.0.1", 4566))
            own.listen()
        yield 4566


def test_a_port_in_use_is_named(taken_port: int, tmp_path: Path) -> None:
    refused = quillgate("up", "--state", str(tmp_path / "state"))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"quillgate: port in use (engine): '{taken_port}' - ")
    assert "Traceback" not in refused.stderr


def test_a_demo_that_is_ended_did_not_succeed(tmp_path: Path) -> None:
    demo = subprocess.Popen([*QUILLGATE, "demo"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    assert "are up" in demo.stdout.readline()
    processes = family(demo)
    demo.send_signal(signal.SIGTERM)
    assert demo.wait(timeout=60) == 128 + signal.SIGTERM
    demo.communicate()
    none_left(processes)


def test_env_leads_a_shell_to_the_environment(running: Running) -> None:
    printed = quillgate("env", "--state", str(running.state))
    words = [shlex.split(line) for line in printed.stdout.splitlines()]
    values = dict(word.split("=", 1) for _, word in words)
    environment = running.environment
    assert values == {
        "AWS_ENDPOINT_URL": environment.aws_endpoint,
        "AWS_ENDPOINT_URL_TRANSFER": environment.transfer_endpoint,
        "AWS_ACCESS_KEY_ID": environment.access_key_id,
        "AWS_SECRET_ACCESS_KEY": environment.secret_access_key,
        "AWS_DEFAULT_REGION": environment.region,
        "QUILL_URL": environment.quill_url,
        "SFTP_HOST": environment.sftp_host,
        "SFTP_PORT": str(environment.sftp_port),
    }


def test_down_stops_it_from_another_shell(tmp_path: Path) -> None:
    with start_environment(tmp_path / ".quillgate") as running:
        processes = family(running.process)
        assert quillgate("down", cwd=tmp_path).returncode == 0
        assert running.process.wait(timeout=60) == 0
        none_left(processes)
    assert "no environment runs" in quillgate("down", cwd=tmp_path).stderr


def test_an_engine_that_dies_ends_the_environment_with_its_last_lines(tmp_path: Path) -> None:
    with spawned(tmp_path / "state") as process:
        read_environment(process)
        processes = family(process)
        engine = next(p for p in processes if "ministack" in p.cmdline())
        os.kill(engine.pid, signal.SIGKILL)
        assert process.wait(timeout=60) == 1
        none_left(processes)
    said = (tmp_path / "state" / "up.log").read_text()
    assert "quillgate: AWS engine ended: 'killed by signal 9' - its last lines:" in said
    assert "Traceback" not in said


def test_routes_are_checked_pushed_shown_and_tried(running: Running, tmp_path: Path) -> None:
    state = ("--state", str(running.state))
    file = tmp_path / "routes.toml"
    in_force = quillgate("routes", "show", *state)
    assert 'project   = "demo"' in in_force.stdout
    file.write_text('[[route]]\nproject = "p"\ndirectory = "p/in"\nstories = "p/in/out"\n')
    refused = quillgate("routes", "push", str(file), *state)
    assert refused.returncode == 1
    assert "line 4" in refused.stderr
    assert quillgate("routes", "show", *state).stdout == in_force.stdout
    file.write_text(
        in_force.stdout + '\n[[route]]\nproject = "p"\ndirectory = "p/in"\nstories = "p/outgoing"\n'
    )
    assert quillgate("routes", "check", str(file)).returncode == 0
    pushed = quillgate("routes", "push", str(file), *state)
    assert pushed.returncode == 0
    assert "+ project 'p', directory 'p/in', stories 'p/outgoing'" in pushed.stderr
    again = quillgate("routes", "push", str(file), *state)
    assert again.returncode == 0
    # Other tests have routes, too.
    assert again.stdout.endswith(" routes in force already\n")
    tried = quillgate("routes", "test", "p/in/q3 sales.csv", *state)
    assert tried.returncode == 0
    assert "'p'" in tried.stdout
    assert quillgate("routes", "test", "p/other/a.csv", *state).returncode == 1


def test_a_deploy_of_the_same_thing_changes_nothing(running: Running) -> None:
    deployed = quillgate("deploy", "--state", str(running.state))
    assert deployed.returncode == 0
    assert f"BucketName: {running.environment.bucket}" in deployed.stdout
    refused = quillgate("deploy", "--state", str(running.state), "--parameter", "MaxReceiveCount=x")
    assert refused.returncode == 1
    assert refused.stderr.endswith("parameter MaxReceiveCount: 'x' - it must be a whole number\n")
