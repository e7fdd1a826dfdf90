from __future__ import annotations

import json
import time
from typing import Any

import pytest

from emulator.files.activity import Kind, Moved, Record
from emulator.files.errors import NoSuchFile, PermissionDenied
from emulator.reports.lines import line, stream
from tests.unit.report_fakes import SERVER_ARN, SESSION, activity, record

FILE = '/b/acme/q3 sales+é "x".csv'
ALWAYS = {"resource-arn": SERVER_ARN, "session-id": SESSION}
UPLOAD = Moved("Upload", 0, 121, "etag")
DOWNLOAD = Moved("Download", 0, 7, "etag")


def told(kind: Kind, moved: Moved | None = None, error: str = "", **fields: str) -> dict[str, Any]:
    """The line of a record made by hand; `new_path` is `new-path`."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    made = Record(kind, SERVER_ARN, SESSION, "acme", "192.0.2.7", 0, 0, named, moved, error)
    return dict(json.loads(line(made)))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            told("OPEN", UPLOAD, path=FILE, mode="CREATE|TRUNCATE|WRITE"),
            {"activity-type": "OPEN", "path": FILE, "mode": "CREATE|TRUNCATE|WRITE"},
        ),
        (
            told("CLOSE", UPLOAD, path=FILE),
            {"activity-type": "CLOSE", "path": FILE, "bytes-in": "121"},
        ),
        (
            told("CLOSE", DOWNLOAD, path=FILE),
            {"activity-type": "CLOSE", "path": FILE, "bytes-out": "7"},
        ),
        (
            told("PARTIAL_CLOSE", UPLOAD, path=FILE),
            {"activity-type": "PARTIAL_CLOSE", "path": FILE, "bytes-in": "121"},
        ),
        (
            told("RENAME", path=FILE, new_path="/b/new"),
            {"activity-type": "RENAME", "path": FILE, "new-path": "/b/new"},
        ),
        *(
            (told(kind, path=FILE), {"activity-type": kind, "path": FILE})
            for kind in ("DELETE", "MKDIR", "RMDIR", "SETSTAT")
        ),
        (told("DISCONNECTED"), {"activity-type": "DISCONNECTED"}),
        (
            told("CLOSE", UPLOAD, "Access denied", path=FILE),
            {
                "activity-type": "ERROR",
                "operation": "CLOSE",
                "message": "Access denied",
                "path": FILE,
                "bytes-in": "121",
            },
        ),
        (
            told("PARTIAL_CLOSE", UPLOAD, "Access denied", path=FILE),
            {
                "activity-type": "ERROR",
                "operation": "CLOSE",
                "message": "Access denied",
                "path": FILE,
                "bytes-in": "121",
            },
        ),
        (
            told("RMDIR", error="Directory not empty", path=FILE),
            {
                "activity-type": "ERROR",
                "operation": "RMDIR",
                "message": "Directory not empty",
                "path": FILE,
            },
        ),
        (
            told("ERROR", message="Unable to assume role: no"),
            {"activity-type": "ERROR", "message": "Unable to assume role: no"},
        ),
    ],
)
def test_each_kind_has_its_fields(made: dict[str, Any], expected: dict[str, str]) -> None:
    assert made == {**ALWAYS, **expected}


def test_who_never_got_in_has_no_session() -> None:
    expected = {"activity-type": "AUTH_FAILURE", "resource-arn": SERVER_ARN, "method": "publickey"}
    assert told("AUTH_FAILURE", method="publickey") == expected
    assert stream(record(kind="AUTH_FAILURE")) == stream(record(kind="KEX_FAILURE")) == "ERRORS"


def test_a_session_has_its_stream() -> None:
    assert stream(record(kind="OPEN")) == f"acme.{SESSION}"


def test_a_line_is_one_line_whatever_the_name() -> None:
    text = line(record(path="/b/a\nb\rc"))
    assert len(text.splitlines()) == 1
    assert json.loads(text)["path"] == "/b/a\nb\rc"


def test_what_is_done_is_told_when_it_is_over() -> None:
    made: list[Record] = []
    before = time.time_ns()
    with activity(made).doing("RENAME", path="/b/a", new_path="/b/c"):
        assert made == []
    (only,) = made
    assert (only.kind, only.user, only.client_ip, only.error) == ("RENAME", "acme", "192.0.2.7", "")
    assert only.fields == {"path": "/b/a", "new-path": "/b/c"}
    assert before <= only.started <= only.ended <= time.time_ns()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionDenied("Forbidden"), "Access denied"),
        (NoSuchFile(), "No such file or directory"),
        (ZeroDivisionError("inner matters"), "Failure"),
    ],
)
def test_what_fails_is_told_and_raised(error: Exception, reason: str) -> None:
    made: list[Record] = []
    with pytest.raises(type(error)), activity(made).doing("DELETE", path="/b/a"):
        raise error
    assert [(each.kind, each.error) for each in made] == [("DELETE", reason)]


def test_a_line_is_one_line_whatever_the_file_is_called() -> None:
    name = "/b/a\u2028b\x85c\r\nd\x9b2Je\u202emás\U0001f4c4.csv"
    text = line(record(path=name))
    assert len(text.splitlines()) == 1
    assert text.isprintable()
    assert json.loads(text)["path"] == name
    assert "más\U0001f4c4.csv" in text
