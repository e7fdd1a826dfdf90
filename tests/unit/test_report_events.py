from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.files.activity import Kind, Moved, Record
from emulator.files.download import Download
from emulator.files.errors import FileError, PermissionDenied
from emulator.files.modes import OpenMode
from emulator.files.session import FileSession
from emulator.files.upload import Upload
from emulator.reports.events import event
from emulator.transfer.model import User
from tests.unit.files_fakes import FakeS3
from tests.unit.report_fakes import SERVER_ARN, SESSION, activity, record

FILE = '/b/acme/q3 sales+é "x".csv'
STARTED, OPENED, ENDED = 1_706_545_902_462_088_327, 1_706_545_901_000_000_001, 1_706_545_903 * 10**9
ALWAYS = {
    "protocol": "SFTP",
    "client-ip": "192.0.2.7",
    "server-id": "s-0123456789abcdef0",
    "username": "acme",
    "session-id": SESSION,
    "end-timestamp": "2024-01-29T16:31:43.000000000Z",
}
NOW = "2024-01-29T16:31:42.462088327Z"
SINCE_OPEN = "2024-01-29T16:31:41.000000001Z"
COMPLETED = {"status-code": "COMPLETED"}
UPLOAD = Moved("Upload", OPENED, 5, "c0ffee")
DOWNLOAD = Moved("Download", OPENED, 5, "c0ffee")


def failed(code: str, message: str) -> dict[str, str]:
    return {"status-code": "FAILED", "failure-code": code, "failure-message": message}


def told(
    kind: Kind, moved: Moved | None = None, error: str = "", **fields: str
) -> tuple[str, dict[str, Any]] | None:
    """Detail type and detail; `new_path` is `new-path`."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    made = Record(
        kind, SERVER_ARN, SESSION, "acme", "192.0.2.7", STARTED, ENDED, named, moved, error
    )
    entry = event(made, "quillgate.transfer")
    return (entry["DetailType"], json.loads(entry["Detail"])) if entry else None


@pytest.mark.parametrize(
    ("made", "name", "expected"),
    [
        (
            told("CLOSE", UPLOAD, path=FILE),
            "File Upload Completed",
            {**COMPLETED, "file-path": FILE, "bytes": 5, "etag": "c0ffee"},
        ),
        (
            told("CLOSE", DOWNLOAD, path=FILE),
            "File Download Completed",
            {**COMPLETED, "file-path": FILE, "bytes": 5, "etag": "c0ffee"},
        ),
        (
            told("PARTIAL_CLOSE", UPLOAD, path=FILE),
            "File Upload Failed",
            {
                **failed("PARTIAL_UPLOAD", "File was partially uploaded."),
                "file-path": FILE,
                "bytes": 5,
            },
        ),
        (
            told("PARTIAL_CLOSE", DOWNLOAD, path=FILE),
            "File Download Failed",
            {
                **failed("PARTIAL_DOWNLOAD", "File was partially downloaded."),
                "file-path": FILE,
                "bytes": 5,
            },
        ),
        *(
            (
                told(kind, UPLOAD, "Access denied", path=FILE, mode="WRITE"),
                "File Upload Failed",
                {**failed("UNKNOWN_ERROR", "Access denied"), "file-path": FILE, "bytes": 5},
            )
            for kind in ("OPEN", "CLOSE", "PARTIAL_CLOSE")
        ),
    ],
)
def test_a_file_moved(made: tuple[str, Any] | None, name: str, expected: dict[str, Any]) -> None:
    detail = {**ALWAYS, "start-timestamp": SINCE_OPEN, **expected}
    assert made == (f"SFTP Server {name}", detail)


@pytest.mark.parametrize("error", ["", "No such file or directory"])
@pytest.mark.parametrize(
    ("kind", "name", "paths"),
    [
        ("DELETE", "File Delete", {"file-path": FILE}),
        ("RENAME", "File Rename", {"original-file-path": FILE, "renamed-file-path": "/b/new"}),
        ("MKDIR", "Directory Create", {"directory-path": FILE}),
        ("RMDIR", "Directory Delete", {"directory-path": FILE}),
    ],
)
def test_a_change(kind: Kind, name: str, paths: dict[str, str], error: str) -> None:
    given = {"path": FILE} | ({"new_path": "/b/new"} if kind == "RENAME" else {})
    outcome = failed("UNKNOWN_ERROR", error) if error else COMPLETED
    expected = {**ALWAYS, "start-timestamp": NOW, **outcome, **paths}
    word = "Failed" if error else "Completed"
    assert told(kind, None, error, **given) == (f"SFTP Server {name} {word}", expected)


def test_the_entry_names_source_server_and_time() -> None:
    entry = event(record(5, "MKDIR", path="/b/x"), "my.source")
    assert entry is not None
    assert (entry["Source"], entry["Resources"]) == ("my.source", [SERVER_ARN])
    assert entry["Time"] == datetime.fromtimestamp(5, UTC)
    assert "EventBusName" not in entry, "the default bus"


@pytest.mark.parametrize(
    "kind", ["CONNECTED", "DISCONNECTED", "AUTH_FAILURE", "KEX_FAILURE", "SETSTAT", "ERROR"]
)
def test_transfer_has_no_event_for_the_rest(kind: Kind) -> None:
    assert told(kind) is None


def test_an_open_file_is_no_event_yet() -> None:
    assert told("OPEN", UPLOAD, path=FILE, mode="CREATE|WRITE") is None


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def made() -> list[Record]:
    return []


@pytest.fixture
def session(s3: FakeS3, made: list[Record]) -> Iterator[FileSession]:
    user = User("s-0123456789abcdef0", "acme", "arn", "role", "/b/acme")
    session = FileSession(user, s3.client, activity(made))
    yield session
    session.end()


def entries(made: list[Record]) -> list[tuple[str, dict[str, Any]]]:
    found = [event(each, "x") for each in made]
    return [(each["DetailType"], json.loads(each["Detail"])) for each in found if each]


WRITE = OpenMode.WRITE | OpenMode.CREATE | OpenMode.TRUNCATE


def test_a_session_tells_of_an_upload(session: FileSession, made: list[Record]) -> None:
    file = session.open("a b.csv", WRITE)
    assert isinstance(file, Upload)
    file.write(0, b"hello")
    assert entries(made) == []
    session.close(file)
    ((name, detail),) = entries(made)
    assert name == "SFTP Server File Upload Completed"
    assert (detail["file-path"], detail["bytes"], detail["etag"]) == ("/b/acme/a b.csv", 5, "put")
    opened, closed = made
    assert opened.fields["mode"] == "CREATE|TRUNCATE|WRITE"
    assert closed.moved is not None
    assert opened.started <= closed.moved.since <= closed.started


@pytest.mark.parametrize("finish", [FileSession.close, FileSession.cut])
def test_a_session_tells_of_a_download_left_before_its_end(
    finish: Any, session: FileSession, s3: FakeS3, made: list[Record]
) -> None:
    s3.objects["acme/a"] = b"0123456789"
    file = session.open("a", OpenMode.READ)
    assert isinstance(file, Download)
    file.read(0, 4)
    finish(session, file)
    ((name, detail),) = entries(made)
    assert (name, detail["failure-code"]) == (
        "SFTP Server File Download Failed",
        "PARTIAL_DOWNLOAD",
    )
    assert detail["bytes"] == 4
    assert "etag" not in detail


@pytest.mark.parametrize("finish", [FileSession.close, FileSession.cut])
def test_a_file_that_was_left_alone_is_no_event(
    finish: Any, session: FileSession, s3: FakeS3, made: list[Record]
) -> None:
    s3.objects["acme/a"] = b"stays"
    finish(session, session.open("a", OpenMode.WRITE | OpenMode.CREATE))
    assert s3.objects == {"acme/a": b"stays"}
    assert len(made) == 2
    assert entries(made) == []


@pytest.mark.parametrize("finish", [FileSession.close, FileSession.cut])
def test_a_session_tells_of_an_upload_that_s3_refused(finish: Any, made: list[Record]) -> None:
    user = User("s-0123456789abcdef0", "acme", "arn", "role", "/b/acme")
    session = FileSession(user, FakeS3(refuse="put_object").client, activity(made))
    file = session.open("a", WRITE)
    with pytest.raises(PermissionDenied):
        finish(session, file)
    session.end()
    ((name, detail),) = entries(made)
    assert (name, detail["failure-code"]) == ("SFTP Server File Upload Failed", "UNKNOWN_ERROR")
    assert "etag" not in detail


def test_a_session_tells_of_what_it_could_not_open(
    session: FileSession, made: list[Record]
) -> None:
    with pytest.raises(FileError):
        session.open("missing", OpenMode.READ)
    ((name, detail),) = entries(made)
    assert name == "SFTP Server File Download Failed"
    assert (detail["bytes"], detail["failure-message"]) == (0, "No such file or directory")
