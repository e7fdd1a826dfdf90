"""OpenSSH's own clients, unmodified: `sftp` and `scp`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.support import Environment, NewUser, Quill

pytestmark = pytest.mark.clients
NAME = 'q3 sales+más "x" 100%.csv'
CSV = b"n\n1\n2\n"


class OpenSsh:
    """The two commands as one user, trusting the environment's host key only."""

    def __init__(self, environment: Environment, user: NewUser, folder: Path) -> None:
        self._environment = environment
        self._user = user
        key, hosts = folder / "key", folder / "known_hosts"
        user.key.write_private_key_file(str(key))
        with environment.ssh(user) as transport:
            host_key = transport.get_remote_server_key()
        address = f"[{environment.sftp_host}]:{environment.sftp_port}"
        hosts.write_text(f"{address} {host_key.get_name()} {host_key.get_base64()}\n")
        self._options = [
            *("-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", str(key)),
            *("-o", f"UserKnownHostsFile={hosts}", "-o", "StrictHostKeyChecking=yes"),
            *("-P", str(environment.sftp_port)),
        ]

    def sftp(self, *lines: str) -> subprocess.CompletedProcess[str]:
        """Run a batch; it ends at the first line that fails."""
        command = ["sftp", *self._options, "-b", "-", f"{self._user.name}@127.0.0.1"]
        return self._run(command, "\n".join(lines) + "\n")

    def scp(self, source: str, target: str) -> subprocess.CompletedProcess[str]:
        """Copy; `:path` is a path on the server."""
        remote = f"{self._user.name}@127.0.0.1:"
        paths = [remote + p[1:] if p.startswith(":") else p for p in (source, target)]
        return self._run(["scp", *self._options, *paths], "")

    def _run(self, command: list[str], text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, timeout=120
        )


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    return environment.routed_user()


@pytest.fixture
def openssh(environment: Environment, customer: NewUser, tmp_path: Path) -> OpenSsh:
    return OpenSsh(environment, customer, tmp_path)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '\\"') + '"'


def test_sftp_sends_a_file_and_fetches_its_story(
    openssh: OpenSsh, customer: NewUser, quill: Quill, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(CSV)
    sent = openssh.sftp(
        "mkdir incoming",
        f"put {quoted(str(tmp_path / NAME))} incoming/",
        f"put -p {quoted(str(tmp_path / NAME))} incoming/kept-times.csv",
        "ls -l incoming",
    )
    assert sent.returncode == 0, sent.stderr
    assert NAME in sent.stdout
    quill.accepted(f"{customer.home}/incoming/{NAME}")
    story = tmp_path / "story.txt"
    fetched = openssh.sftp(f"get {quoted(f'outgoing/{NAME}.story.txt')} {quoted(str(story))}")
    assert fetched.returncode == 0, fetched.stderr
    assert NAME in story.read_text()


def test_sftp_renames_and_removes(openssh: OpenSsh, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    done = openssh.sftp(
        f"put {tmp_path}/a.csv a.csv.filepart",
        "rename a.csv.filepart a.csv",
        "mkdir folder",
        "rename a.csv folder/b.csv",
        f"get folder/b.csv {tmp_path}/b.csv",
        "rm folder/b.csv",
        "rmdir folder",
        "ls",
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.csv").read_bytes() == CSV
    assert "folder" not in done.stdout.splitlines()[-1]
    refused = openssh.sftp("rm no-such.csv")
    assert refused.returncode == 1
    assert "No such file" in refused.stderr


def test_scp_copies_both_ways(
    openssh: OpenSsh, customer: NewUser, quill: Quill, tmp_path: Path
) -> None:
    sent = tmp_path / "q3.csv"
    sent.write_bytes(CSV)
    up = openssh.scp(str(sent), ":incoming/q3.csv")
    assert up.returncode == 0, up.stderr
    quill.accepted(f"{customer.home}/incoming/q3.csv")
    got = tmp_path / "got.csv"
    down = openssh.scp(":incoming/q3.csv", str(got))
    assert down.returncode == 0, down.stderr
    assert got.read_bytes() == CSV


def test_a_neighbour_is_refused(
    environment: Environment, openssh: OpenSsh, new_user: Callable[..., NewUser], tmp_path: Path
) -> None:
    other = new_user()
    (tmp_path / "a.csv").write_bytes(CSV)
    refused = openssh.sftp(f"put {tmp_path}/a.csv /{environment.bucket}/{other.home}/a.csv")
    assert refused.returncode == 1
    assert "ermission denied" in refused.stderr
    # What OpenSSH makes of a refused stat.
    for line in (
        f"ls /{environment.bucket}/{other.home}",
        f"get /{environment.bucket}/watchdog.config {tmp_path}/stolen",
    ):
        refused = openssh.sftp(line)
        assert refused.returncode == 1
        assert "not found" in refused.stderr
