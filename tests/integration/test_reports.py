"""What AWS tells of sessions: structured log lines, events, the name of the role's session.

Names here are never plain: a space, a plus, an accent.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import signal
import socket
import struct
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from tests.integration.support import Environment, NewUser, eventually, put
from tests.integration.transfer_process import new_server, start_transfer

NAME = "q3 sales+más.csv"
SOURCE = "quillgate.transfer"
Line = dict[str, Any]


class Reports:
    """What was told of one server: its log group, and its events by way of a rule and a queue."""

    def __init__(self, environment: Environment, queue_url: str) -> None:
        self.group = f"/aws/vendedlogs/transfer/{environment.stack_name}"
        self._logs = environment.client("logs")
        self._sqs = environment.client("sqs")
        self._queue_url = queue_url
        self._events: list[Line] = []

    def lines(self, user: str, group: str = "") -> list[Line]:
        """All of a user's sessions, oldest first."""
        return self.stream(f"{user}.", group)

    def stream(self, prefix: str, group: str = "") -> list[Line]:
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group or self.group, logStreamNamePrefix=prefix
        )
        # The local engine does not heed the prefix.
        return [
            json.loads(each["message"])
            for page in pages
            for each in page["events"]
            if each["logStreamName"].startswith(prefix)
        ]

    def events(self, user: str) -> list[Line]:
        """The user's events so far, in order of time."""
        while True:
            answer = self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            self._events += [json.loads(each["Body"]) for each in messages]
            for each in messages:
                self._sqs.delete_message(
                    QueueUrl=self._queue_url, ReceiptHandle=each["ReceiptHandle"]
                )
            if not messages:
                # Other tests speak in Transfer's name, and do not say whose.
                found = [each for each in self._events if each["detail"].get("username") == user]
                return sorted(found, key=lambda each: str(each["detail"]["end-timestamp"]))


@pytest.fixture(scope="module")
def reports(environment: Environment) -> Iterator[Reports]:
    name = f"reports-{uuid.uuid4().hex[:8]}"
    sqs, events = environment.client("sqs"), environment.client("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    wanted = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    arn = sqs.get_queue_attributes(**wanted)["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [{"prefix": SOURCE}]}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    yield Reports(environment, url)
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def user(new_user: Callable[..., NewUser]) -> NewUser:
    return new_user()


def test_the_lines_of_a_whole_session(
    environment: Environment, user: NewUser, reports: Reports
) -> None:
    with environment.sftp(user) as client:
        client.mkdir("in é")
        put(client, f"in é/{NAME}", b"12345")
        client.rename(f"in é/{NAME}", f"in é/{NAME}.done")
        with client.open(f"in é/{NAME}.done") as file:
            assert file.read() == b"12345"
        with pytest.raises(OSError, match=environment.words("not empty")):
            client.rmdir("in é")
        client.chmod(f"in é/{NAME}.done", 0o600)
        client.remove(f"in é/{NAME}.done")
        client.rmdir("in é")
    home = f"/{environment.bucket}/{user.home}"
    folder, file_path = f"{home}/in é", f"{home}/in é/{NAME}"
    expected = [
        {"activity-type": "MKDIR", "path": folder},
        {"activity-type": "OPEN", "path": file_path, "mode": "CREATE|TRUNCATE|WRITE"},
        {"activity-type": "CLOSE", "path": file_path, "bytes-in": "5"},
        {"activity-type": "RENAME", "path": file_path, "new-path": f"{file_path}.done"},
        {"activity-type": "OPEN", "path": f"{file_path}.done", "mode": "READ"},
        {"activity-type": "CLOSE", "path": f"{file_path}.done", "bytes-out": "5"},
        {
            "activity-type": "ERROR",
            "operation": "RMDIR",
            "message": "Directory not empty",
            "path": folder,
        },
        {"activity-type": "SETSTAT", "path": f"{file_path}.done"},
        {"activity-type": "DELETE", "path": f"{file_path}.done"},
        {"activity-type": "RMDIR", "path": folder},
        {"activity-type": "DISCONNECTED"},
    ]

    def told() -> Line:
        connected, *rest = reports.lines(user.name)
        always = {name: connected[name] for name in ("resource-arn", "session-id")}
        assert rest == [{**always, **each} for each in expected]
        return connected

    connected = eventually(told)
    server = environment.client("transfer").describe_server(ServerId=environment.server_id)
    if not environment.is_openssh:  # which tells nobody what it has agreed on with a client
        _check_ssh(connected)
    assert re.fullmatch("[0-9a-f]{16}", connected.pop("session-id"))
    assert _is_ours(environment, connected.pop("source-ip"))
    assert connected == {
        "activity-type": "CONNECTED",
        "resource-arn": server["Server"]["Arn"],
        "user": user.name,
        "role": environment.user_role_arn,
        "home-dir": home,
        "ssh-public-key": user.key.get_base64(),
        "ssh-public-key-fingerprint": user.key.fingerprint,
        "ssh-public-key-type": user.key.get_name(),
    }


def test_the_home_of_a_logical_user_is_the_root(
    environment: Environment, new_user: Callable[..., NewUser], reports: Reports
) -> None:
    mappings = [{"Entry": "/", "Target": f"/{environment.bucket}/x"}]
    user = new_user(policy=None, HomeDirectoryType="LOGICAL", HomeDirectoryMappings=mappings)
    with environment.sftp(user):
        pass
    connected = eventually(lambda: reports.lines(user.name)[0])
    assert connected["home-dir"] == "/"


def test_a_login_that_fails_is_among_the_errors(environment: Environment, reports: Reports) -> None:
    name = f"nobody-{uuid.uuid4().hex[:8]}"
    stranger = NewUser(name, "", paramiko.ECDSAKey.generate())
    with pytest.raises(paramiko.AuthenticationException), environment.ssh(stranger):
        pass

    def told() -> None:
        line = _only(each for each in reports.stream("ERRORS") if each.get("user") == name)
        assert line["activity-type"] == "AUTH_FAILURE"
        assert line["method"] == "publickey"
        assert _is_ours(environment, line["source-ip"])
        assert "session-id" not in line

    eventually(told)


def test_a_client_without_a_common_algorithm_is_among_the_errors(
    environment: Environment, reports: Reports
) -> None:
    """Spoken by hand: real clients hang up at once, and may take their offer back with that."""
    old = f"diffie-hellman-group14-sha1,{uuid.uuid4().hex}@example.com"
    offer = b"\x14" + bytes(16) + _name_list(old) + _name_list("ssh-ed25519") * 9 + bytes(5)
    padding = bytes(4 + -(len(offer) + 9) % 8)
    packet = struct.pack(">IB", 1 + len(offer) + len(padding), len(padding)) + offer + padding
    with socket.create_connection((environment.sftp_host, environment.sftp_port)) as client:
        client.settimeout(10)
        client.sendall(b"SSH-2.0-old\r\n" + packet)
        while client.recv(4096):
            pass

    def told() -> None:
        errors = reports.stream("ERRORS")
        line = _only(each for each in errors if old in each.get("message", ""))
        assert line["activity-type"] == "KEX_FAILURE"

    eventually(told)


def test_the_events_of_a_whole_session(
    environment: Environment, user: NewUser, reports: Reports, s3: Any
) -> None:
    with environment.sftp(user) as client:
        client.mkdir("in é")
        put(client, f"in é/{NAME}", b"12345")
        put(client, "empty", b"")
        etag = s3.head_object(Bucket=environment.bucket, Key=f"{user.home}/in é/{NAME}")["ETag"]
        client.rename(f"in é/{NAME}", f"in é/{NAME}.done")
        with client.open(f"in é/{NAME}.done") as file:
            assert file.read() == b"12345"
        with pytest.raises(OSError, match=environment.words("not empty")):
            client.rmdir("in é")
        client.remove(f"in é/{NAME}.done")
        client.rmdir("in é")
    home = f"/{environment.bucket}/{user.home}"
    folder, file_path = f"{home}/in é", f"{home}/in é/{NAME}"
    done = f"{file_path}.done"
    moved = {"bytes": 5, "etag": etag.strip('"')}
    refused = {"failure-code": "UNKNOWN_ERROR", "failure-message": "Directory not empty"}
    expected = [
        ("Directory Create Completed", {"directory-path": folder}),
        ("File Upload Completed", {"file-path": file_path, **moved}),
        ("File Upload Completed", {"file-path": f"{home}/empty", "bytes": 0}),
        (
            "File Rename Completed",
            {"original-file-path": file_path, "renamed-file-path": done},
        ),
        ("File Download Completed", {"file-path": done, **moved}),
        ("Directory Delete Failed", {"directory-path": folder, **refused}),
        ("File Delete Completed", {"file-path": done}),
        ("Directory Delete Completed", {"directory-path": folder}),
    ]

    def told() -> list[Line]:
        events = reports.events(user.name)
        assert [each["detail-type"] for each in events] == [
            f"SFTP Server {name}" for name, _ in expected
        ]
        return events

    events = eventually(told)
    for event, (name, fields) in zip(events, expected, strict=True):
        assert event["detail"].items() >= fields.items()
        assert event["detail"]["status-code"] == name.split()[-1].upper()
        assert event["detail"]["start-timestamp"] <= event["detail"]["end-timestamp"]
    (session,) = {each["detail"]["session-id"] for each in events}
    line = eventually(lambda: reports.lines(user.name)[0])
    assert session == line["session-id"]
    assert all(each["resources"] == [line["resource-arn"]] for each in events)
    upload = events[1]
    assert (upload["source"], upload["region"]) == (SOURCE, environment.region)
    always = {"status-code", "protocol", "client-ip", "server-id", "username", "session-id"}
    times = {"start-timestamp", "end-timestamp"}
    assert set(upload["detail"]) == always | times | {"bytes", "etag", "file-path"}
    assert set(events[0]["detail"]) == always | times | {"directory-path"}


def test_a_cut_upload_and_a_cut_download(
    environment: Environment, user: NewUser, reports: Reports, s3: Any
) -> None:
    content = bytes(9 * 1024 * 1024)
    key = f"{user.home}/{NAME}"
    s3.put_object(Bucket=environment.bucket, Key=f"{key}.big", Body=content)
    with environment.ssh(user) as transport:
        session = paramiko.SFTPClient.from_transport(transport)
        assert session is not None
        reading = session.open(f"{NAME}.big")
        reading.read(1000)
        writing = session.open(NAME, "wb")
        writing.write(b"x" * 32768)
        writing.flush()
        transport.sock.close()

    def told() -> list[Line]:
        events = reports.events(user.name)
        assert len(events) == 2
        return events

    failed = {each["detail"]["failure-code"]: each for each in eventually(told)}
    upload, download = failed["PARTIAL_UPLOAD"], failed["PARTIAL_DOWNLOAD"]
    assert upload["detail-type"] == "SFTP Server File Upload Failed"
    assert download["detail-type"] == "SFTP Server File Download Failed"
    assert upload["detail"]["file-path"] == f"/{environment.bucket}/{key}"
    stored = s3.head_object(Bucket=environment.bucket, Key=key)["ContentLength"]
    assert upload["detail"]["bytes"] == stored == 32768
    assert 1000 <= download["detail"]["bytes"] < len(content)

    def closed() -> None:
        lines = reports.lines(user.name)
        partial = [each for each in lines if each["activity-type"] == "PARTIAL_CLOSE"]
        assert sorted(each.get("bytes-in", "") for each in partial) == ["", "32768"]

    eventually(closed)


def test_a_denied_upload(
    environment: Environment, new_user: Callable[..., NewUser], reports: Reports
) -> None:
    nothing = {"Version": "2012-10-17", "Statement": [_statement("Deny", "s3:PutObject")]}
    user = new_user(policy=json.dumps(nothing))
    with environment.sftp(user) as client, pytest.raises(PermissionError):
        put(client, NAME, b"12345")

    def told() -> None:
        event = _only(reports.events(user.name))
        assert event["detail-type"] == "SFTP Server File Upload Failed"
        assert event["detail"]["failure-code"] == "UNKNOWN_ERROR"
        lines = reports.lines(user.name)
        error = _only(each for each in lines if each["activity-type"] == "ERROR")
        assert (error["operation"], error["message"]) == ("CLOSE", "Access denied")
        assert error["bytes-in"] == "5"

    eventually(told)


def test_the_roles_session_is_named_after_user_session_and_server(
    environment: Environment, new_user: Callable[..., NewUser]
) -> None:
    """A role's trust may depend on it, so that IAM says what name it saw."""
    name = f"user-{uuid.uuid4().hex[:12]}"
    role = _role(environment, f"{name}.????????????????@{environment.server_id}")
    with environment.sftp(new_user(name, Role=role)) as client:
        put(client, "file", b"x")
    with pytest.raises(paramiko.SSHException), environment.sftp(new_user(Role=role)):
        pass


def _check_ssh(connected: Line) -> None:
    cipher = re.fullmatch(r"(aes\d+-[\w@.]+),\1", connected.pop("ciphers"))
    assert cipher, "both directions, as the guide shows it"
    assert re.fullmatch(r"[\w@.-]+-sha(256|512)(@libssh\.org)?", connected.pop("kex"))
    assert connected.pop("client").startswith("SSH-2.0-paramiko")


def _is_ours(environment: Environment, address: str) -> bool:
    """Whether it is this machine's; containers see the address of their network's gateway."""
    if environment.environment == "compose":
        return ipaddress.ip_address(address).is_private
    return address == "127.0.0.1"


@pytest.fixture
def group(environment: Environment) -> str:
    return _new_group(environment)


def test_another_destination_takes_effect(
    environment: Environment, group: str, reports: Reports
) -> None:
    other = _new_group(environment)
    with _server(environment, group) as server:
        user = server.new_user()
        _log_in(server, user)
        eventually(lambda: _must(reports.lines(user.name, group)[1:]))
        arns = [_arn(other)]
        server.client("transfer").update_server(
            ServerId=server.server_id, StructuredLogDestinations=arns
        )

        def told() -> None:
            _log_in(server, user)
            _must(reports.lines(user.name, other))

        eventually(told)
    assert len(reports.lines(user.name, group)) == 2


def test_a_deleted_log_group_harms_no_file(
    environment: Environment, group: str, reports: Reports
) -> None:
    logs = environment.client("logs")
    with _server(environment, group) as server:
        user = server.new_user()
        with server.sftp(user) as client:
            put(client, "first", b"x")
            eventually(lambda: _must(reports.lines(user.name, group)))
            logs.delete_log_group(logGroupName=group)
            put(client, "second", b"x")
            assert sorted(client.listdir(".")) == ["first", "second"]
            eventually(lambda: _must(reports.events(user.name)[1:]))
            logs.create_log_group(logGroupName=group)
            put(client, "third", b"x")
            home = f"/{environment.bucket}/{user.home}"

            def told() -> None:
                assert f"{home}/third" in [each["path"] for each in reports.lines(user.name, group)]

            eventually(told)


def test_a_server_without_destination_has_events_only(
    environment: Environment, group: str, reports: Reports
) -> None:
    with _server(environment) as server:
        user = server.new_user()
        with server.sftp(user) as client:
            put(client, "file", b"x")
        eventually(lambda: _must(reports.events(user.name)))
    assert reports.lines(user.name) == []


def test_a_service_that_is_stopped_tells_the_last(
    environment: Environment, group: str, reports: Reports, tmp_path: Path
) -> None:
    """Its cut uploads too, and to events of any source."""
    with start_transfer(environment, tmp_path, "--event-source", f"{SOURCE}.other") as own:
        server = new_server(own.environment, StructuredLogDestinations=[_arn(group)])
        user = server.new_user()
        with server.sftp(user) as client:
            file = client.open("cut", "wb")
            file.write(b"x" * 32768)
            file.flush()
            own.process.send_signal(signal.SIGTERM)
            assert own.process.wait(timeout=30) == 0
    last = [each["activity-type"] for each in reports.lines(user.name, group)]
    assert last == ["CONNECTED", "OPEN", "PARTIAL_CLOSE", "DISCONNECTED"]
    event = eventually(lambda: _only(reports.events(user.name)))
    assert (event["source"], event["detail"]["bytes"]) == (f"{SOURCE}.other", 32768)


@contextlib.contextmanager
def _server(environment: Environment, *groups: str) -> Iterator[Environment]:
    """One more server with these destinations, deleted in the end."""
    arns = [_arn(group) for group in groups]
    server = new_server(environment, StructuredLogDestinations=arns)
    yield server
    server.client("transfer").delete_server(ServerId=server.server_id)


def _name_list(names: str) -> bytes:
    return struct.pack(">I", len(names)) + names.encode()


def _log_in(environment: Environment, user: NewUser) -> None:
    try:
        with environment.sftp(user):
            pass
    except (paramiko.SSHException, EOFError) as error:
        raise AssertionError("cut by the change") from error


def _only(found: Iterable[Line]) -> Line:
    lines = list(found)
    assert len(lines) == 1, lines
    return lines[0]


def _must(found: list[Line]) -> list[Line]:
    assert found
    return found


def _new_group(environment: Environment) -> str:
    name = f"/aws/vendedlogs/transfer/test-{uuid.uuid4().hex[:8]}"
    environment.client("logs").create_log_group(logGroupName=name)
    return name


def _arn(group: str) -> str:
    return f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"


def _statement(effect: str, action: str) -> dict[str, str]:
    return {"Effect": effect, "Action": action, "Resource": "*"}


def _role(environment: Environment, session_name: str) -> str:
    """A role that only sessions of this name may take on, and that may do all with S3."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "transfer.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringLike": {"sts:RoleSessionName": session_name}},
    }
    iam, name = environment.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
    document = {"Version": "2012-10-17", "Statement": [trust]}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
    allowed = {"Version": "2012-10-17", "Statement": [_statement("Allow", "s3:*")]}
    iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=json.dumps(allowed))
    return str(made["Role"]["Arn"])
