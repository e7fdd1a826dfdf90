"""The embedded environment as `quillgate up` starts it: IAM, versions, events, watchdog and all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from benchmarks.server import Server
from benchmarks.servers.ministack import seed_bucket
from tests.integration.support import Environment, eventually, start_environment

SETTLE_SECONDS = 600.0


@dataclass(frozen=True)
class Embedded:
    """Its SFTP server, and the environment itself."""

    server: Server
    environment: Environment


@contextmanager
def embedded(folder: Path) -> Iterator[Embedded]:
    """Start the environment with a user; all of it goes with the block."""
    with start_environment(folder / "embedded") as running:
        environment, key = running.environment, folder / "embedded.key"
        user = environment.new_user()
        user.key.write_private_key_file(str(key))
        children = psutil.Process(running.process.pid).children(recursive=True)
        processes = {
            "ours": _running(children, "emulator.transfer_service"),
            "ministack": _running(children, "ministack"),
        }
        seed = partial(_seed, environment, user.home)
        settle = partial(_settle, environment)
        port = environment.sftp_port
        server = Server("embedded", port, user.name, key, processes, seed, settle)
        yield Embedded(server, environment)


def _running(children: list[psutil.Process], module: str) -> int:
    return next(each.pid for each in children if ["-m", module] == each.cmdline()[2:4])


def _seed(environment: Environment, home: str, folder: str, count: int) -> None:
    """Without events: the watchdog would look at each of these objects, for no measurement."""
    s3 = environment.client("s3")
    events = s3.get_bucket_notification_configuration(Bucket=environment.bucket)
    events.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(
        Bucket=environment.bucket, NotificationConfiguration={}
    )
    try:
        seed_bucket(s3, environment.bucket, f"{home}/{folder}", count)
    finally:
        s3.put_bucket_notification_configuration(
            Bucket=environment.bucket, NotificationConfiguration=events
        )


def _settle(environment: Environment) -> None:
    """Wait until the watchdog has seen every upload so far."""
    sqs = environment.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def empty() -> None:
        found = sqs.get_queue_attributes(QueueUrl=environment.queue_url, AttributeNames=names)
        left = sum(int(found["Attributes"][name]) for name in names)
        assert left == 0, f"{left} uploads wait for the watchdog"  # noqa: S101  # tried again

    eventually(empty, SETTLE_SECONDS)
