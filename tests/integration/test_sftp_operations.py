"""What each SFTP operation does, and how what AWS does not support is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import paramiko
import pytest

from tests.integration.raw_sftp import NO_ATTRIBUTES, Code, Flag, Kind, RawSftp, string, uint64
from tests.integration.support import Environment, NewUser, Sftp, eventually, put

RANDOM_ACCESS = "AWS Transfer does not support random access writes to S3 objects"
UNSUPPORTED = "Operation unsupported"
NAMES = [
    'q3 sales+más "x" 100%.csv',
    "a&b=c?d#e.txt",
    "..hidden",
    "tab\there",
    "日本.csv",
    "%2e%2e",
]


@pytest.fixture
def user(new_user: Callable[..., NewUser]) -> NewUser:
    return new_user()


@pytest.fixture
def client(user: NewUser, sftp: Callable[[NewUser], Sftp]) -> Sftp:
    return sftp(user)


@pytest.mark.parametrize("name", NAMES)
def test_names_survive(name: str, client: Sftp, user: NewUser, environment: Any, s3: Any) -> None:
    put(client, f"in/{name}", name.encode())
    assert client.listdir("in") == [name]
    with client.open(f"in/{name}") as file:
        assert file.read() == name.encode()
    found = s3.list_objects_v2(Bucket=environment.bucket, Prefix=f"{user.home}/")["Contents"]
    assert [item["Key"] for item in found] == [f"{user.home}/in/{name}"]


@pytest.mark.parametrize("size", [0, 1, 32768, 9 * 1024 * 1024])
def test_an_object_carries_transfers_marks(
    size: int, client: Sftp, user: NewUser, environment: Environment, s3: Any
) -> None:
    client.putfo(io.BytesIO(b"x" * size), "file")
    head = s3.head_object(Bucket=environment.bucket, Key=f"{user.home}/file")
    assert head["ContentLength"] == size
    assert head["ContentType"] == "binary/octet-stream"
    assert head["Metadata"] == {
        "user-agent": "AWSTransfer",
        "user-agent-id": f"{user.name}@{environment.server_id}",
    }


def test_nothing_appears_before_close(
    client: Sftp, user: NewUser, environment: Environment, s3: Any
) -> None:
    file = client.open("late.bin", "wb")
    file.write(b"x" * 10_000_000)
    file.flush()
    listing = {"Bucket": environment.bucket, "Prefix": f"{user.home}/"}
    assert s3.list_objects_v2(**listing)["KeyCount"] == 0
    file.close()
    assert s3.list_objects_v2(**listing)["KeyCount"] == 1


def test_a_cut_connection_stores_the_part_received(
    user: NewUser, environment: Environment, s3: Any
) -> None:
    with environment.ssh(user) as transport:
        session = paramiko.SFTPClient.from_transport(transport)
        assert session is not None
        file = session.open("cut.bin", "wb")
        for _ in range(300):
            file.write(b"x" * 32768)
        transport.sock.close()

    def stored() -> None:
        found = s3.list_objects_v2(Bucket=environment.bucket, Prefix=f"{user.home}/cut.bin")
        assert [item["Size"] for item in found.get("Contents", [])] == [300 * 32768]

    eventually(stored)


def test_folders(client: Sftp, user: NewUser, environment: Environment, s3: Any) -> None:
    client.mkdir("made")
    assert s3.head_object(Bucket=environment.bucket, Key=f"{user.home}/made/")["ContentLength"] == 0
    put(client, "implied/by/a file", b"x")
    assert sorted(client.listdir(".")) == ["implied", "made"]
    assert str(client.stat("implied/by/")).startswith("d")
    with pytest.raises(OSError, match=environment.words("not empty")):
        client.rmdir("implied")
    with pytest.raises(OSError, match=environment.words("exists")):
        client.mkdir("made")
    client.rmdir("made")
    with pytest.raises(FileNotFoundError):
        client.rmdir("made")
    with pytest.raises(FileNotFoundError):
        client.listdir("made")


def test_listing_has_no_cap(client: Sftp, user: NewUser, environment: Any, s3: Any) -> None:
    names = [f"{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(8) as threads:
        for name in names:
            key = f"{user.home}/many/{name}"
            threads.submit(s3.put_object, Bucket=environment.bucket, Key=key)
    assert client.listdir("many") == names


def test_rename(client: Sftp, user: NewUser, environment: Environment, s3: Any) -> None:
    put(client, "a.csv.filepart", b"whole")
    client.rename("a.csv.filepart", "a.csv")
    head = s3.head_object(Bucket=environment.bucket, Key=f"{user.home}/a.csv")
    assert head["Metadata"]["user-agent"] == "AWSTransfer"
    put(client, "folder/b.csv", b"other")
    with pytest.raises(OSError, match=environment.words("exists")):
        client.rename("a.csv", "folder/b.csv")
    with pytest.raises(OSError, match=environment.words("not supported", UNSUPPORTED)):
        client.rename("folder", "elsewhere")
    with pytest.raises(FileNotFoundError):
        client.rename("missing", "elsewhere")
    assert sorted(client.listdir(".")) == ["a.csv", "folder"]


@pytest.mark.parametrize("mode", ["a", "r+", "w+", "a+"])
def test_only_whole_files_are_written(mode: str, client: Sftp, environment: Environment) -> None:
    put(client, "file", b"content")
    with pytest.raises(OSError, match=environment.words("Cannot open file in mode: ", UNSUPPORTED)):
        client.open("file", mode)
    with client.open("file") as file:
        assert file.read() == b"content"


def test_without_truncate_the_first_byte_replaces_the_file(
    client: Sftp, user: NewUser, environment: Environment
) -> None:
    """OpenSSH's scp overwrites so. What AWS does is not documented, but a resume is refused."""
    put(client, "file", b"old content")
    with environment.ssh(user) as transport:
        raw = RawSftp(transport)
        writing = (Kind.OPEN, "file", Flag.WRITE | Flag.CREAT, NO_ATTRIBUTES)
        assert raw.request(Kind.CLOSE, raw.request(*writing).handle).code == Code.OK
        assert client.stat("file").st_size == len(b"old content")
        resumed = raw.request(*writing).handle
        assert raw.request(Kind.FSTAT, resumed).attributes.size == len(b"old content")
        assert raw.request(
            Kind.WRITE, resumed, uint64(3), string(b"x")
        ).message == environment.words(RANDOM_ACCESS + ".")
        assert raw.request(Kind.CLOSE, resumed).code == Code.FAILURE
        assert client.stat("file").st_size == len(b"old content")
        whole = raw.request(*writing).handle
        raw.request(Kind.WRITE, whole, uint64(0), string(b"new"))
        assert raw.request(Kind.CLOSE, whole).code == Code.OK
    with client.open("file") as file:
        assert file.read() == b"new"


def test_what_is_open_at_once_is_limited(user: NewUser, environment: Environment) -> None:
    writing = (Flag.WRITE | Flag.CREAT | Flag.TRUNC, NO_ATTRIBUTES)
    with environment.ssh(user) as transport:
        raw = RawSftp(transport)
        files = [raw.request(Kind.OPEN, f"{n}", *writing).handle for n in range(64)]
        refused = raw.request(Kind.OPEN, "more", *writing)
        assert refused.told == (Code.FAILURE, "too many open files: 64 - close some")
        folders = [raw.request(Kind.OPENDIR, ".").handle for _ in range(64)]
        refused = raw.request(Kind.OPENDIR, ".")
        assert refused.told == (Code.FAILURE, "too many open handles: 128 - close some")
        for handle in (files[0], folders[0]):
            assert raw.request(Kind.CLOSE, handle).code == Code.OK
        assert raw.request(Kind.OPENDIR, ".").handle
        assert raw.request(Kind.OPEN, "more", *writing).handle


@pytest.mark.parametrize("offset", [0, 5])
def test_a_write_elsewhere_is_refused_and_nothing_is_stored(
    offset: int, client: Sftp, environment: Environment
) -> None:
    file = client.open("file", "wb")
    file.write(b"abc")
    file.seek(offset)
    with pytest.raises(OSError, match=environment.words(RANDOM_ACCESS)):
        file.write(b"x")
    file.close()
    assert client.listdir(".") == []


def test_unsupported_operations(client: Sftp) -> None:
    put(client, "file", b"x")
    refused: list[Callable[[], object]] = [
        lambda: client.symlink("file", "link"),
        lambda: client.readlink("file"),
        lambda: client.posix_rename("file", "other"),
    ]
    for operation in refused:
        with pytest.raises(OSError, match=UNSUPPORTED):
            operation()


def test_setstat_does_what_the_server_is_set_to(
    client: Sftp, environment: Environment, transfer: Any
) -> None:
    server = transfer.describe_server(ServerId=environment.server_id)["Server"]
    put(client, "file", b"x")
    changes: list[Callable[[], object]] = [
        lambda: client.chmod("file", 0o600),
        lambda: client.utime("file", (1, 1)),
        lambda: client.truncate("file", 0),
    ]
    for setstat in changes:
        if server["ProtocolDetails"]["SetStatOption"] == "ENABLE_NO_OP":
            setstat()
        else:
            with pytest.raises(OSError, match="SETSTAT unsupported"):
                setstat()
    assert client.stat("file").st_size == 1


def test_a_file_overwritten_while_it_is_read_stays_as_it_was(client: Sftp) -> None:
    first = bytes(range(256)) * 4 * 8192
    client.putfo(io.BytesIO(first), "file")
    with client.open("file") as reading:
        put(client, "file", b"second")
        assert reading.read() == first
    with client.open("file") as reading:
        assert reading.read() == b"second"


def test_reading_anywhere(client: Sftp) -> None:
    content = b"".join(number.to_bytes(4) for number in range(6 * 1024 * 1024))
    client.putfo(io.BytesIO(content), "file")
    with client.open("file") as file:
        for offset in (23_000_000, 7, 12_345_678, len(content) - 3, len(content)):
            file.seek(offset)
            assert file.read(1000) == content[offset : offset + 1000]


def test_logical_home(
    new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp], environment: Environment
) -> None:
    bucket = environment.bucket
    mappings = [
        {"Entry": "/inbox", "Target": f"/{bucket}/${{transfer:UserName}}/incoming"},
        {"Entry": "/docs/terms.txt", "Target": f"/{bucket}/terms", "Type": "FILE"},
    ]
    user = new_user(policy=None, HomeDirectoryType="LOGICAL", HomeDirectoryMappings=mappings)
    client = sftp(user)
    assert client.normalize(".") == "/"
    assert sorted(client.listdir("/")) == ["docs", "inbox"]
    assert client.listdir("/docs/../docs") == ["terms.txt"]
    put(client, "/inbox/a.csv", b"x")
    key = f"{user.name}/incoming/a.csv"
    assert environment.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] == 1
    with pytest.raises(FileNotFoundError):
        put(client, "/outside.csv", b"x")
    with pytest.raises(FileNotFoundError):
        client.stat(f"/{bucket}")
