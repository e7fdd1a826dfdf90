"""An ignored SETSTAT changes nothing, and is logged all the same."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from emulator.files.activity import Activity
from emulator.files.errors import Unsupported
from emulator.files.session import FileSession
from emulator.transfer.model import User
from tests.unit.files_fakes import FakeS3

USER = User("s-1", "alice", "arn", "role", home_directory="/bucket/alice")


def setstat(*, ignored: bool) -> tuple[FakeS3, list[dict[str, str]]]:
    s3, lines = FakeS3(), list[dict[str, str]]()
    activity = Activity("arn", "0" * 16, lambda line: lines.append(dict(line)))
    session = FileSession(USER, s3.client, activity, ignores_setstat=ignored)
    with nullcontext() if ignored else pytest.raises(Unsupported):
        session.setstat("file")
    session.end()
    return s3, lines


@pytest.mark.parametrize(("ignored", "logged"), [(True, "SETSTAT"), (False, "ERROR")])
def test_a_setstat_is_logged_and_s3_is_not_asked(ignored: bool, logged: str) -> None:
    s3, (line,) = setstat(ignored=ignored)
    assert (line["activity-type"], line["path"]) == (logged, "/bucket/alice/file")
    assert s3.calls == []
