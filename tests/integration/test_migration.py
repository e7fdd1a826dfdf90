"""From an old server to this one: what `docs/migration.md` promises, done as it says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import paramiko
import pytest

from tests.integration.support import (
    Environment,
    Quill,
    Running,
    eventually,
    quillgate,
    start_environment,
    upload,
)

# The watchdog rests, and the server shows other host keys: not under the feet of other tests.
pytestmark = pytest.mark.embedded
HISTORY = ["testuser/incoming/q1 é+2.csv", "testuser/incoming/q2.csv", "testuser/outgoing/q1.txt"]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with start_environment(tmp_path / "state") as running:
        yield running


def done(*words: str) -> str:
    ended = quillgate(*words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def switch(environment: Environment, *, on: bool) -> None:
    """Let the watchdog rest or wake."""
    function = environment.client("lambda")
    [mapping] = function.list_event_source_mappings(
        FunctionName=f"{environment.stack_name}-watchdog"
    )["EventSourceMappings"]
    function.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)

    def switched() -> None:
        found = function.get_event_source_mapping(UUID=mapping["UUID"])
        assert found["State"] == ("Enabled" if on else "Disabled")

    eventually(switched)


def test_history_is_told_to_nobody_and_what_comes_after_once(running: Running) -> None:
    environment, state = running.environment, ("--state", str(running.state))
    quill, s3 = Quill(environment.quill_url), environment.client("s3")
    switch(environment, on=False)
    for key in HISTORY:
        s3.put_object(Bucket=environment.bucket, Key=key, Body=b"old")
    in_routes = HISTORY[:2]
    planned = done("sweep", "--mark-done", "--dry-run", *state)
    assert [f"'{key}'" in planned for key in HISTORY] == [True, True, False]
    assert "2 marked as told before" in done("sweep", "--mark-done", *state)
    assert "0 marked as told before" in done("sweep", "--mark-done", *state), "a second run"
    switch(environment, on=True)

    new = upload(environment, environment.the_test_user, "incoming/q3.csv")
    assert quill.accepted(new)["attempts"] == 1

    def queue_is_empty() -> None:
        counts = environment.client("sqs").get_queue_attributes(
            QueueUrl=environment.queue_url, AttributeNames=["All"]
        )["Attributes"]
        assert counts["ApproximateNumberOfMessages"] == "0"
        assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"

    eventually(queue_is_empty)
    assert [it["key"] for it in quill.notifications()] == [new]
    for key in in_routes:
        assert "told before" in done("trace", key, *state)


def test_clients_see_the_host_keys_they_know(running: Running, tmp_path: Path) -> None:
    environment = running.environment
    old: dict[str, paramiko.PKey] = {
        "rsa-sha2-512": paramiko.RSAKey.generate(2048),
        "ecdsa-sha2-nistp256": paramiko.ECDSAKey.generate(),
    }
    files = [tmp_path / algorithm for algorithm in old]
    for file, key in zip(files, old.values(), strict=True):
        key.write_private_key_file(str(file))
    options = [word for file in files for word in ("--host-key", str(file))]
    for _ in range(2):
        done("deploy", "--state", str(running.state), *options)
        for algorithm, key in old.items():
            eventually(partial(_shows, environment, algorithm, key))


def _shows(environment: Environment, algorithm: str, key: paramiko.PKey) -> None:
    with paramiko.Transport((environment.sftp_host, environment.sftp_port)) as transport:
        transport.get_security_options().key_types = (algorithm,)
        transport.start_client(timeout=10)
        assert transport.get_remote_server_key().get_base64() == key.get_base64()
