from __future__ import annotations

import json
import shlex
import socket
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from quillgate.errors import TargetError
from quillgate.state import State
from quillgate.target import (
    Environment,
    Target,
    compose_file,
    environment_file,
    find,
    load,
    local_client,
)

ENVIRONMENT = Environment(
    environment="embedded",
    aws_endpoint="http://127.0.0.1:4566",
    transfer_endpoint="http://127.0.0.1:4567",
    sftp_host="127.0.0.1",
    sftp_port=2222,
    host_key_fingerprint="SHA256:abc",
    quill_url="http://127.0.0.1:8088",
    console_url=None,
    region="us-east-1",
    access_key_id="test",
    secret_access_key="test",
    stack_name="local-quillgate-sftp",
    bucket="local-quillgate-sftp-000000000000",
    ledger_bucket="ledger-1",
    server_id="s-01234567890abcdef",
    user_role_arn="arn:aws:iam::000000000000:role/user",
    queue_url="http://127.0.0.1:4566/queue",
    dead_letter_queue_url="http://127.0.0.1:4566/dead-letters",
    test_user="testuser",
    test_user_key="/home/miró/.quillgate/testuser_ed25519",
    pid=1234,
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The state folder of an environment that runs."""
    state = State(tmp_path / "state")
    with state.locked():
        environment_file(state.folder).write_text(ENVIRONMENT.to_json())
        yield state.folder


def test_it_is_told_as_the_interface_has_it() -> None:
    line = ENVIRONMENT.to_json()
    assert "\n" not in line
    assert json.loads(line) == asdict(ENVIRONMENT)
    assert list(json.loads(line)) == [
        "environment",
        "aws_endpoint",
        "transfer_endpoint",
        "sftp_host",
        "sftp_port",
        "host_key_fingerprint",
        "quill_url",
        "console_url",
        "region",
        "access_key_id",
        "secret_access_key",
        "stack_name",
        "bucket",
        "ledger_bucket",
        "server_id",
        "user_role_arn",
        "queue_url",
        "dead_letter_queue_url",
        "test_user",
        "test_user_key",
        "pid",
    ]


def test_exports_are_what_a_shell_reads() -> None:
    mean = replace(ENVIRONMENT, secret_access_key="it's $HOME; é")
    words = [shlex.split(line) for line in mean.exports()]
    assert all(len(line) == 2 and line[0] == "export" for line in words)
    assert dict(word.split("=", 1) for _, word in words) == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ENDPOINT_URL_TRANSFER": "http://127.0.0.1:4567",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "it's $HOME; é",
        "AWS_DEFAULT_REGION": "us-east-1",
        "QUILL_URL": "http://127.0.0.1:8088",
        "SFTP_HOST": "127.0.0.1",
        "SFTP_PORT": "2222",
    }


def test_what_runs_is_found(running: Path) -> None:
    assert load(running) == ENVIRONMENT
    found = find(None, None, running)
    assert (found.environment, found.stack_name) == ("embedded", "local-quillgate-sftp")
    assert find(None, "other-stack", running).stack_name == "other-stack"


class Transfer(BaseHTTPRequestHandler):
    """A Transfer API whose only server has the host key of ENVIRONMENT."""

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        key = {"Arn": "arn:x", "HostKeyFingerprint": ENVIRONMENT.host_key_fingerprint}
        self._answer({"Server": key})

    def _answer(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def compose() -> Iterator[Environment]:
    """A compose project that runs; where its `deploy` would say so is each test's business."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Transfer) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield replace(ENVIRONMENT, environment="compose", transfer_endpoint=url, pid=None)
        server.shutdown()


def test_the_compose_project_is_found_where_it_deployed(
    tmp_path: Path, compose: Environment
) -> None:
    compose_file(tmp_path).write_text(compose.to_json())
    assert load(tmp_path) == load(tmp_path, "compose") == compose
    assert find("compose", None, tmp_path).environment == "compose"
    with pytest.raises(TargetError, match=r"^no environment is running from: .*: quillgate up"):
        load(tmp_path, "embedded")


def test_where_two_run_one_has_to_be_named(running: Path, compose: Environment) -> None:
    compose_file(running).write_text(compose.to_json())
    with pytest.raises(TargetError) as refused:
        load(running)
    assert str(refused.value) == (
        f"two run from: '{running}' - name one: --environment embedded|compose"
    )
    assert load(running, "compose") == compose
    assert load(running, "embedded") == ENVIRONMENT


def test_a_project_that_is_down_is_none(running: Path, compose: Environment) -> None:
    gone = replace(compose, transfer_endpoint="http://127.0.0.1:1")
    compose_file(running).write_text(gone.to_json())
    assert load(running) == ENVIRONMENT
    with pytest.raises(TargetError, match=r"- start one: docker compose up --wait$"):
        load(running, "compose")


def test_what_speaks_no_http_on_its_port_is_not_taken_for_it(
    tmp_path: Path, compose: Environment
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        compose_file(tmp_path).write_text(replace(compose, transfer_endpoint=url).to_json())
        answering = threading.Thread(target=_greet, args=(listener,))
        answering.start()
        with pytest.raises(TargetError, match=r"^no environment is running from: "):
            load(tmp_path)
        answering.join()


def _greet(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"SSH-2.0-other\r\n")
        connection.recv(1000)


def test_another_environment_on_its_ports_is_not_taken_for_it(
    tmp_path: Path, compose: Environment
) -> None:
    compose_file(tmp_path).write_text(replace(compose, host_key_fingerprint="older").to_json())
    with pytest.raises(TargetError, match=r"^no environment is running from: "):
        load(tmp_path)


def test_without_an_environment_the_way_to_one_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "it's"
    with pytest.raises(TargetError) as refused:
        load(folder)
    option = f"--state {shlex.quote(str(folder))}"
    message = f"no environment is running from: '{folder}' - start one: quillgate up {option}"
    assert str(refused.value) == message
    assert not folder.exists(), "looking changes nothing"


def test_what_an_environment_left_when_it_was_killed_is_none(tmp_path: Path) -> None:
    environment_file(tmp_path).write_text(ENVIRONMENT.to_json())
    (tmp_path / "lock").touch()
    with pytest.raises(TargetError, match=r"^no environment is running from: "):
        load(tmp_path)


def test_one_that_is_still_starting_is_none_yet(running: Path) -> None:
    environment_file(running).unlink()
    with pytest.raises(TargetError, match=r"^not ready yet: "):
        load(running)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"environment": "embedded"}'])
def test_a_file_of_something_else_is_named(running: Path, text: str) -> None:
    environment_file(running).write_text(text)
    with pytest.raises(TargetError) as refused:
        load(running)
    path = running / "environment.json"
    assert str(refused.value).startswith(f"not readable: '{path}' - remove it and restart (")


def test_aws_is_never_meant_by_chance(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as refused:
        find("aws", None, tmp_path)
    assert str(refused.value) == "no stack named on: 'aws' - name it: --stack NAME"


def test_a_local_client_knows_only_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL": "https://production.example.com",
        "HTTP_PROXY": "http://proxy.example.com",
    }.items():
        monkeypatch.setenv(name, value)
    client = local_client("sts", "http://127.0.0.1:4566", "eu-west-1", "test", "secret")
    url = client.generate_presigned_url("get_caller_identity")
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert client.meta.config.proxies == {}
    assert "Credential=test%2F" in url
    assert "%2Feu-west-1%2F" in url
    assert "Token" not in url
    client.close()


class FakeCloudFormation:
    """One stack, `local-quillgate-sftp`."""

    class exceptions:  # noqa: N801  # boto3's name
        ClientError = ClientError

    def describe_stacks(self, **request: Any) -> dict[str, Any]:
        if request["StackName"] != "local-quillgate-sftp":
            raise ClientError({"Error": {"Message": "does not exist"}}, "DescribeStacks")
        return {
            "Stacks": [
                {
                    "Outputs": [{"OutputKey": "BucketName", "OutputValue": "bucket-1"}],
                    "Parameters": [{"ParameterKey": "QuillToken", "ParameterValue": "****"}],
                }
            ]
        }


def target(stack: str) -> Target:
    return Target("embedded", stack, {"cloudformation": FakeCloudFormation()}.__getitem__)


def test_a_stack_tells_outputs_and_parameters() -> None:
    assert target("local-quillgate-sftp").outputs() == {"BucketName": "bucket-1"}
    assert target("local-quillgate-sftp").parameters() == {"QuillToken": "****"}


def test_a_stack_that_is_not_there_is_named() -> None:
    with pytest.raises(TargetError, match=r"^no stack on embedded: 'no-such' - name one with --st"):
        target("no-such").outputs()
