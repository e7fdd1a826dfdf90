"""The host's own sshd on our mount of a bucket, with the bucket's events on a queue."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import paramiko
import psutil
import pytest

from benchmarks.servers.homes import USER
from benchmarks.servers.ministack import ACCESS, BUCKET, start_ministack
from benchmarks.servers.mounting import FileSystem, sshd_on
from benchmarks.servers.shop import open_shop
from quillgate.ports import HOST
from quillgate.processes import Children
from tests.integration.raw_sftp import RawSftp


@dataclass(frozen=True)
class Mounted:
    """One bucket and the ways to it. `log` is the mount's, `home` where the user's files are."""

    port: int
    key: paramiko.PKey
    s3: Any
    sqs: Any
    queue: str
    log: Path
    home: Path
    sshd: psutil.Process
    mount: psutil.Process

    @contextmanager
    def connection(self) -> Iterator[paramiko.Transport]:
        """Log in."""
        transport = paramiko.Transport((HOST, self.port))
        try:
            transport.connect(username="root", pkey=self.key)
            yield transport
        finally:
            transport.close()

    @contextmanager
    def client(self) -> Iterator[paramiko.SFTPClient]:
        """Log in and open a channel."""
        with self.connection() as transport:
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            yield client

    @contextmanager
    def raw(self) -> Iterator[RawSftp]:
        """Log in and open a channel for packets."""
        with self.connection() as transport:
            yield RawSftp(transport)

    def keys(self, folder: str) -> dict[str, int]:
        """Sizes by key, without the folder."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/").get("Contents", [])
        return {each["Key"].removeprefix(f"{folder}/"): each["Size"] for each in found}

    def put(self, key: str, body: bytes) -> None:
        """Past the mount."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def events(self, folder: str) -> list[tuple[str, str]]:
        """Take what the bucket has told of a folder since it was asked last: event, key."""
        found: list[tuple[str, str]] = []
        while messages := self._messages():
            for record in messages:
                key = record["s3"]["object"]["key"]
                found.append((record["eventName"].removeprefix("ObjectCreated:"), key))
        return [(name, key.removeprefix(f"{folder}/")) for name, key in found if folder in key]

    def told(self, folder: str) -> list[str]:
        """What the mount's sessions did in a folder."""
        lines = self.log.read_text().splitlines()
        return [line.split()[0] for line in lines if f"/{BUCKET}/{folder}/" in line]

    def _messages(self) -> list[dict[str, Any]]:
        messages = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages", [])
        for each in messages:
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=each["ReceiptHandle"])
        bodies = [json.loads(each["Body"]) for each in messages]
        return [record for body in bodies for record in body.get("Records", [])]


@pytest.fixture(scope="session")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    with ExitStack() as stack:
        children = Children()
        stack.callback(children.stop)
        shop = open_shop(children, tmp_path_factory.mktemp("mounted"))
        engine = start_ministack(shop)
        words = ("-P", "-m", "benchmarks.servers.homes", "MOUNTPOINT", BUCKET, "--tell")
        environ = {**ACCESS, "AWS_ENDPOINT_URL": engine.url, "FUSE_LIBRARY_NAME": "fuse3"}
        files = FileSystem("mount", [sys.executable, *words], environ, USER)
        server = stack.enter_context(sshd_on(shop, engine, files))
        client = _clients(engine.url)
        s3, sqs = client("s3"), client("sqs")
        yield Mounted(
            server.port,
            paramiko.Ed25519Key.from_private_key_file(str(server.key)),
            s3,
            sqs,
            _queue(s3, sqs),
            shop.folder / "mount-file-system.log",
            shop.folder / "mount" / USER,
            psutil.Process(server.processes["sshd"]),
            psutil.Process(server.processes["file system"]),
        )


@pytest.fixture
def folder(mounted: Mounted) -> str:
    """One of the test's own, with its marker."""
    name = f"t-{uuid4().hex[:8]}"
    mounted.put(f"{name}/", b"")
    mounted.events(name)
    return name


def _clients(url: str) -> Callable[[str], Any]:
    session: Any = boto3.Session("test", "test", region_name=ACCESS["AWS_DEFAULT_REGION"])
    return lambda service: session.client(service, endpoint_url=url)


def _queue(s3: Any, sqs: Any) -> str:
    url: str = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn["QueueArn"], "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    return url
