"""What WinSCP does, packet by packet, with its two settings for resuming transfers.

After its documentation ("transfer to temporary filename"): no WinSCP was at hand. AWS's guide
advises to switch the temporary name off (transfer-file), and its examples of policies allow for
`*.filepart` (configure-storage).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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
from tests.integration.transfer_process import new_server

NEWEST_VERSION = 6
WHOLE = b"n\n" + b"1\n" * 100_000
FILES = 200
NAME = "q3 sales+más 100%.csv"
UPLOAD = Flag.WRITE | Flag.CREAT | Flag.TRUNC
STAMP = attributes(mode=0o644, times=(1_700_000_000, 1_700_000_000))


@dataclass(frozen=True)
class Place:
    """A user at a server, and how that server answers SETSTAT."""

    server: Environment
    user: NewUser
    set_stat: tuple[int, str]

    def stored(self) -> dict[str, int]:
        """Size by name, as S3 has it."""
        prefix = f"{self.user.home}/"
        listed = self.server.client("s3").list_objects_v2(Bucket=self.server.bucket, Prefix=prefix)
        found = listed.get("Contents", [])
        return {item["Key"].removeprefix(prefix): item["Size"] for item in found}


@pytest.fixture(scope="module")
def strict(environment: Environment) -> Environment:
    """A server whose SetStatOption is DEFAULT."""
    server = environment.client("transfer").describe_server(ServerId=environment.server_id)
    return new_server(
        environment,
        SecurityPolicyName=server["Server"]["SecurityPolicyName"],
        ProtocolDetails={"SetStatOption": "DEFAULT"},
    )


@pytest.fixture(params=["ENABLE_NO_OP", "DEFAULT"])
def place(request: pytest.FixtureRequest, environment: Environment) -> Place:
    if request.param == "DEFAULT":
        strict = request.getfixturevalue("strict")
        return Place(strict, strict.new_user(), (Code.OP_UNSUPPORTED, "SETSTAT unsupported"))
    done = Code.OK, environment.words("", openssh="Success")
    return Place(environment, environment.new_user(), done)


@pytest.fixture
def winscp(place: Place) -> Iterator[RawSftp]:
    """A session as WinSCP begins it: it offers version 6, and lists the folder it lands in."""
    with place.server.ssh(place.user) as transport:
        yield session(RawSftp(transport, NEWEST_VERSION))


def session(sftp: RawSftp) -> RawSftp:
    (home,) = sftp.request(Kind.REALPATH, ".").names
    assert sftp.list_all(home) == {}
    return sftp


def upload(sftp: RawSftp, name: str, content: bytes, *, temporary: bool) -> None:
    """One transfer, up to the point where the file has its name."""
    exists = sftp.request(Kind.LSTAT, name).kind == Kind.ATTRS
    target = f"{name}.filepart" if temporary else name
    handle = sftp.request(Kind.OPEN, target, UPLOAD, NO_ATTRIBUTES).handle
    assert sftp.write_all(handle, content) <= {Code.OK}
    assert sftp.request(Kind.CLOSE, handle).told[0] == Code.OK
    if temporary and exists:
        assert sftp.request(Kind.REMOVE, name).code == Code.OK
    if temporary:
        assert sftp.request(Kind.RENAME, target, name).told[0] == Code.OK


@pytest.mark.parametrize("temporary", [True, False], ids=["filepart", "direct"])
@pytest.mark.parametrize("content", [WHOLE, b""], ids=["file", "empty"])
def test_upload_and_overwrite(
    winscp: RawSftp, place: Place, temporary: bool, content: bytes
) -> None:
    for sent in (b"old", content):
        upload(winscp, NAME, sent, temporary=temporary)
        assert winscp.request(Kind.SETSTAT, NAME, STAMP).told == place.set_stat
        assert place.stored() == {NAME: len(sent)}
        listed = winscp.list_all(".")
        assert {name: found.size for name, found in listed.items()} == {NAME: len(sent)}


@pytest.mark.parametrize("temporary", [True, False], ids=["filepart", "direct"])
def test_setstat_on_the_open_file_spoils_nothing(
    winscp: RawSftp, place: Place, temporary: bool
) -> None:
    target = f"{NAME}.filepart" if temporary else NAME
    handle = winscp.request(Kind.OPEN, target, UPLOAD, NO_ATTRIBUTES).handle
    assert winscp.request(Kind.FSETSTAT, handle, STAMP).told == place.set_stat
    assert winscp.write_all(handle, WHOLE) == {Code.OK}
    assert winscp.request(Kind.FSETSTAT, handle, STAMP).told == place.set_stat
    assert winscp.request(Kind.CLOSE, handle).code == Code.OK
    assert place.stored() == {target: len(WHOLE)}


def test_a_resumed_transfer_is_refused_and_can_be_sent_anew(winscp: RawSftp, place: Place) -> None:
    """The connection broke; WinSCP finds `x.filepart` and goes on behind what is there."""
    part = WHOLE[:70_000]
    with place.server.ssh(place.user) as transport:
        broken = RawSftp(transport)
        handle = broken.request(Kind.OPEN, f"{NAME}.filepart", UPLOAD, NO_ATTRIBUTES).handle
        assert broken.write_all(handle, part) == {Code.OK}

    def part_is_there() -> None:
        assert place.stored() == {f"{NAME}.filepart": len(part)}

    eventually(part_is_there)
    there = winscp.request(Kind.LSTAT, f"{NAME}.filepart").attributes.size
    handle = winscp.request(Kind.OPEN, f"{NAME}.filepart", Flag.WRITE, NO_ATTRIBUTES).handle
    rest = winscp.request(Kind.WRITE, handle, uint64(there or 0), string(WHOLE[len(part) :][:100]))
    words = "AWS Transfer does not support random access writes to S3 objects."
    assert rest.told == (Code.FAILURE, place.server.words(words))
    assert winscp.request(Kind.CLOSE, handle).code == Code.FAILURE
    part_is_there()
    upload(winscp, NAME, WHOLE, temporary=True)
    assert place.stored() == {NAME: len(WHOLE)}


def test_every_filepart_is_kept_and_told_once(
    environment: Environment, s3: Any, quill: Quill
) -> None:
    user = environment.routed_user()
    names = [f"incoming/q{number:03} é+.csv" for number in range(FILES)]
    with environment.ssh(user) as transport:
        sftp = session(RawSftp(transport, NEWEST_VERSION))
        assert sftp.request(Kind.MKDIR, "incoming", NO_ATTRIBUTES).code == Code.OK
        for name in names:
            upload(sftp, name, name.encode(), temporary=True)
            assert sftp.request(Kind.SETSTAT, name, STAMP).code == Code.OK
    keys = [f"{user.home}/{name}" for name in names]
    assert_one_put_and_one_copy(environment, s3, user, keys)

    def all_told() -> None:
        items = quill.notifications(project=user.name)
        assert Counter(item["key"] for item in items) == Counter(keys)
        assert {item["status"] for item in items} == {"accepted"}
        outcomes = {
            (line["key"], line["outcome"])
            for line in environment.watchdog_log()
            if "outcome" in line and line["key"].startswith(f"{user.home}/incoming/q")
        }
        ignored = {(f"{key}.filepart", "ignored") for key in keys}
        assert outcomes == ignored | {(key, "accepted") for key in keys}

    # LocalStack takes its 400 messages one after the other, between those of other tests.
    eventually(all_told, timeout_seconds=300)


def assert_one_put_and_one_copy(
    environment: Environment, s3: Any, user: NewUser, keys: list[str]
) -> None:
    """One version under each name; the temporary ones are deleted."""
    pages = s3.get_paginator("list_object_versions")
    found = list(pages.paginate(Bucket=environment.bucket, Prefix=f"{user.home}/incoming/q"))
    versions = Counter(each["Key"] for page in found for each in page.get("Versions", []))
    deleted = Counter(each["Key"] for page in found for each in page.get("DeleteMarkers", []))
    parts = [f"{key}.filepart" for key in keys]
    assert versions == Counter(keys + parts)
    assert deleted == Counter(parts)
