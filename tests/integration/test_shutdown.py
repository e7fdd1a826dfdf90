"""The SFTP process is told to stop while customers upload."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.integration.support import Environment, NewUser
from tests.integration.transfer_process import relay_to, start_transfer

SMALL, LARGE = b"half", b"0123456789abcdef" * (9 * 1024 * 1024 // 16)


@contextlib.contextmanager
def open_upload(environment: Environment, content: bytes) -> Iterator[NewUser]:
    """Somebody who has sent this much of a file and not closed it."""
    user = environment.new_user()
    with environment.sftp(user) as sftp:
        file = sftp.open("upload", "wb")
        file.write(content)
        file.flush()
        yield user


def test_what_was_received_is_stored(environment: Environment, tmp_path: Path) -> None:
    s3 = environment.client("s3")
    with (
        start_transfer(environment, tmp_path) as own,
        open_upload(own.environment, SMALL) as one,
        open_upload(own.environment, LARGE) as other,
    ):
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(timeout=20) == 0
        for user, content in ((one, SMALL), (other, LARGE)):
            found = s3.get_object(Bucket=environment.bucket, Key=f"{user.home}/upload")
            assert found["Body"].read() == content
        cut = own.events("PARTIAL_CLOSE")
        assert {each["bytes-in"] for each in cut} == {str(len(SMALL)), str(len(LARGE))}
        assert len(own.events("DISCONNECTED")) == 2


def test_an_engine_that_does_not_answer_keeps_it_no_longer_than_it_may(
    environment: Environment, tmp_path: Path
) -> None:
    port = urlsplit(environment.aws_endpoint).port
    with (
        relay_to(port) as engine,
        start_transfer(
            environment, tmp_path, "--stop-seconds", "1", engine_port=engine.port
        ) as own,
        open_upload(own.environment, LARGE),
    ):
        engine.hold()
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(timeout=10) == 1
        assert "uploads not stored" in own.log.read_text()
