"""An ignored SETSTAT changes nothing, and is logged all the same."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from emulator.files.activity import Activity, Record
from emulator.files.errors import Unsupported
from emulator.files.session import FileSession
from emulator.transfer.model import User
from tests.unit.files_fakes import FakeS3

USER = User("s-1", "alice", "arn", "role", home_directory="/bucket/alice")


def setstat(*, ignored: bool) -> tuple[FakeS3, list[Record]]:
    s3, records = FakeS3(), list[Record]()
    activity = Activity("arn", "0" * 16, records.append)
    session = FileSession(USER, s3.client, activity, ignores_setstat=ignored)
    with nullcontext() if ignored else pytest.raises(Unsupported):
        session.setstat("file")
    session.end()
    return s3, records


@pytest.mark.parametrize(("ignored", "error"), [(True, ""), (False, "SETSTAT unsupported")])
def test_a_setstat_is_told_and_s3_is_not_asked(ignored: bool, error: str) -> None:
    s3, (record,) = setstat(ignored=ignored)
    assert (record.kind, record.error) == ("SETSTAT", error)
    assert record.fields == {"path": "/bucket/alice/file"}
    assert s3.calls == []
