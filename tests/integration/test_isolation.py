"""The engine's own IAM keeps users apart, and Quill and strangers out."""

from __future__ import annotations

import json
from collections.abc import Callable

import paramiko
import pytest
from botocore.exceptions import ClientError

from tests.integration.isolation import *  # noqa: F403  # the checks themselves
from tests.integration.support import Environment, NewUser


@pytest.mark.embedded
def test_quill_reads_uploads_and_writes_stories_and_no_more(environment: Environment) -> None:
    policy = environment.client("s3").get_bucket_policy(Bucket=environment.bucket)["Policy"]
    allowed = [each for each in json.loads(policy)["Statement"] if each["Effect"] == "Allow"]
    (role,) = {each["Principal"]["AWS"] for each in allowed}
    s3 = environment.s3_as(role)
    upload, story = "testuser/incoming/for-quill.csv", "testuser/outgoing/for-quill.csv.story.txt"
    environment.client("s3").put_object(Bucket=environment.bucket, Key=upload, Body=b"n\n1\n")
    assert s3.get_object(Bucket=environment.bucket, Key=upload)["Body"].read() == b"n\n1\n"
    s3.put_object(Bucket=environment.bucket, Key=story, Body=b"story")
    attempts: list[Callable[[], object]] = [
        lambda: s3.put_object(Bucket=environment.bucket, Key="watchdog.config", Body=b""),
        lambda: s3.delete_object(Bucket=environment.bucket, Key=upload),
        lambda: s3.list_objects_v2(Bucket=environment.bucket),
        lambda: s3.put_bucket_versioning(
            Bucket=environment.bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def test_a_stranger_cannot_log_in(
    environment: Environment, new_user: Callable[..., NewUser]
) -> None:
    user = new_user()
    other_key = paramiko.ECDSAKey.generate()
    for name, key in ((user.name, other_key), ("nobody-here", user.key), ("root", user.key)):
        with (
            pytest.raises(paramiko.AuthenticationException),
            environment.ssh(NewUser(name, "", key)),
        ):
            pass


def told(channel: paramiko.Channel) -> str:
    """All that the server says on a channel, up to its end."""
    channel.settimeout(10)
    with channel.makefile("rb") as said:
        return said.read().decode()


def test_there_is_no_shell_and_no_forwarding(
    environment: Environment, new_user: Callable[..., NewUser]
) -> None:
    with environment.ssh(new_user()) as transport:
        for ask in (lambda channel: channel.exec_command("id"), paramiko.Channel.invoke_shell):
            channel = transport.open_session()
            if environment.is_openssh:  # which takes the request, to say why it does nothing
                ask(channel)
                assert told(channel) == "This service allows sftp connections only.\n"
            else:
                with pytest.raises(paramiko.SSHException):
                    ask(channel)
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 1))
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)
