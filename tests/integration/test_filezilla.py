"""What FileZilla does, packet by packet: its queue works over several connections of one user.

As it is known to behave: no FileZilla was at hand. AWS's guide (transfer-file) names it among the
clients it supports, and advises to compare sizes after an interrupted upload.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.integration.raw_sftp import (
    NO_ATTRIBUTES,
    Code,
    Flag,
    Kind,
    RawSftp,
    attributes,
    string,
    uint64,
)
from tests.integration.support import Environment, NewUser, Quill, eventually

CONNECTIONS = 4
FILES = 60
STAMP = attributes(times=(1_700_000_000, 1_700_000_000))
UPLOAD = Flag.WRITE | Flag.CREAT | Flag.TRUNC


@pytest.fixture
def user(environment: Environment) -> NewUser:
    return environment.routed_user()


@pytest.fixture
def connections(environment: Environment, user: NewUser) -> Iterator[list[RawSftp]]:
    """Logins of the one user, all at once."""
    with ExitStack() as stack:
        yield [RawSftp(stack.enter_context(environment.ssh(user))) for _ in range(CONNECTIONS)]


@pytest.fixture
def filezilla(connections: list[RawSftp]) -> RawSftp:
    """The connection that lists folders."""
    return connections[0]


def upload(sftp: RawSftp, path: str, content: bytes) -> None:
    """Send a file and, keeping its time, ask for it to be set."""
    handle = sftp.request(Kind.OPEN, path, UPLOAD, NO_ATTRIBUTES).handle
    assert sftp.write_all(handle, content) <= {Code.OK}
    assert sftp.request(Kind.CLOSE, handle).told[0] == Code.OK
    assert sftp.request(Kind.SETSTAT, path, STAMP).code == Code.OK


def make_folders(sftp: RawSftp, path: str) -> None:
    """Level by level: each is looked at, and made when it is not there."""
    folder = "."
    for name in path.split("/"):
        folder = f"{folder}/{name}"
        if sftp.request(Kind.STAT, folder).kind != Kind.ATTRS:
            assert sftp.request(Kind.MKDIR, folder, NO_ATTRIBUTES).code == Code.OK


def sizes(sftp: RawSftp, folder: str) -> dict[str, int | None]:
    return {name: found.size for name, found in sftp.list_all(folder).items()}


def test_a_queue_over_several_connections_loses_nothing(
    connections: list[RawSftp], filezilla: RawSftp, user: NewUser, quill: Quill
) -> None:
    make_folders(filezilla, "incoming/2026/é +")
    contents = {f"{number} %.csv": bytes([number]) * number * 997 for number in range(FILES)}

    def work(index: int) -> None:
        for name in list(contents)[index::CONNECTIONS]:
            upload(connections[index], f"incoming/2026/é +/{name}", contents[name])

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(work, range(CONNECTIONS)))
    expected = {name: len(content) for name, content in contents.items()}
    assert sizes(filezilla, "incoming/2026/é +") == expected

    def all_told() -> None:
        told = {item["key"]: item["size"] for item in quill.notifications(project=user.name)}
        folder = f"{user.home}/incoming/2026/é +"
        assert told == {f"{folder}/{name}": size for name, size in expected.items()}

    eventually(all_told)


def test_folders_are_made_level_by_level_once(
    filezilla: RawSftp, user: NewUser, environment: Environment, s3: Any
) -> None:
    for _ in range(2):
        make_folders(filezilla, "a/b/c")
    listed = s3.list_objects_v2(Bucket=environment.bucket, Prefix=f"{user.home}/a")["Contents"]
    markers = [f"{user.home}/{each}/" for each in ("a", "a/b", "a/b/c")]
    assert [item["Key"] for item in listed] == markers
    repeated = filezilla.request(Kind.MKDIR, "a/b", NO_ATTRIBUTES)
    assert repeated.code == Code.FAILURE


def test_overwriting_replaces_the_whole(
    filezilla: RawSftp, environment: Environment, user: NewUser, s3: Any
) -> None:
    for content in (b"long" * 50_000, b"short"):
        upload(filezilla, "file.bin", content)
        assert sizes(filezilla, ".") == {"file.bin": len(content)}
    found = s3.get_object(Bucket=environment.bucket, Key=f"{user.home}/file.bin")
    assert found["Body"].read() == b"short"


def test_an_interrupted_upload_shows_by_its_size_and_is_sent_anew(
    environment: Environment, filezilla: RawSftp, user: NewUser
) -> None:
    whole, received = b"x" * 300_000, 98_304
    with environment.ssh(user) as transport:
        cut = RawSftp(transport)
        handle = cut.request(Kind.OPEN, "file.bin", UPLOAD, NO_ATTRIBUTES).handle
        assert cut.write_all(handle, whole[:received]) == {Code.OK}

    def part_is_there() -> None:
        assert sizes(filezilla, ".") == {"file.bin": received}

    eventually(part_is_there)
    # Resuming asks for the size of the open file and writes behind it.
    handle = filezilla.request(Kind.OPEN, "file.bin", Flag.WRITE, NO_ATTRIBUTES).handle
    assert filezilla.request(Kind.FSTAT, handle).attributes.size == received
    resumed = filezilla.request(Kind.WRITE, handle, uint64(received), string(whole[received:]))
    assert resumed.code == Code.FAILURE
    assert environment.words("random access") in resumed.message
    assert filezilla.request(Kind.CLOSE, handle).code == Code.FAILURE
    part_is_there()
    upload(filezilla, "file.bin", whole)
    assert sizes(filezilla, ".") == {"file.bin": len(whole)}
