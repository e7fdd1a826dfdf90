"""A file's whole way: SFTP, S3, queue, watchdog, Quill, story, SFTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.support import Environment, NewUser, Quill, Sftp, eventually, put

CSV = b"region,amount\nnorth,10.5\nsouth,-0.5\n"


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    """A user with a route of their own: project, home and user have the same name."""
    return environment.routed_user("*.csv")


def read(sftp: Sftp, path: str) -> str:
    with sftp.open(path, "rb") as file:
        return file.read().decode()


@pytest.mark.embedded
def test_the_test_user_gets_a_story_for_an_upload(
    environment: Environment, sftp: Callable[[NewUser], Sftp], quill: Quill
) -> None:
    session, name = sftp(environment.the_test_user), f"first-{uuid.uuid4().hex[:8]}.csv"
    put(session, f"incoming/{name}", CSV)
    item = quill.accepted(f"testuser/incoming/{name}")
    assert item["project"] == "demo"
    assert name in read(session, f"outgoing/{name}.story.txt")
    for path in (f"incoming/{name}", f"outgoing/{name}.story.txt"):
        session.remove(path)


@pytest.mark.parametrize(
    "name",
    [
        'q3 sales+más "x" 100%.csv',
        "it's.csv",
        "a&b=c?d#e;f.csv",
        "名前.csv",
        "..csv",
        "trailing .csv",
        "%2F%20+.csv",
    ],
)
def test_a_mean_name_arrives_as_it_is(
    name: str, customer: NewUser, sftp: Callable[[NewUser], Sftp], quill: Quill
) -> None:
    session = sftp(customer)
    put(session, f"incoming/{name}", CSV)
    item = quill.accepted(f"{customer.home}/incoming/{name}")
    assert item["story_key"] == f"{customer.home}/outgoing/{name}.story.txt"
    assert "rows" in read(session, f"outgoing/{name}.story.txt").lower()
    assert session.listdir("incoming") == [name]


def test_a_notification_says_what_the_object_is(
    environment: Environment,
    customer: NewUser,
    sftp: Callable[[NewUser], Sftp],
    quill: Quill,
    s3: Any,
) -> None:
    put(sftp(customer), "incoming/eu/west/q3.csv", CSV)
    key = f"{customer.home}/incoming/eu/west/q3.csv"
    item = quill.accepted(key)
    head = s3.head_object(Bucket=environment.bucket, Key=key)
    assert item["bucket"] == environment.bucket
    assert item["version_id"] == head["VersionId"]
    assert item["etag"] == head["ETag"].strip('"')
    assert item["size"] == len(CSV) == head["ContentLength"]
    assert item["uploaded_by"] == customer.name
    assert item["deliver_to"] == f"{customer.home}/outgoing/eu/west/"
    assert item["attempts"] == 1
    assert len(item["id"]) == 64
    assert list(item) == [
        *("id", "project", "bucket", "key", "version_id", "size", "etag", "uploaded_at"),
        *("uploaded_by", "deliver_to", "received_at", "attempts", "status", "receipt", "story_key"),
    ]


def test_each_upload_takes_its_own_route(
    environment: Environment,
    new_user: Callable[..., NewUser],
    sftp: Callable[[NewUser], Sftp],
    quill: Quill,
) -> None:
    user = new_user()
    name, home = user.name, user.home
    environment.add_route(
        f'project = "{name}-csv"\ndirectory = "{home}/in"\npattern = "*.csv"\n'
        f'stories = "{home}/outgoing"'
    )
    environment.add_route(
        f'project = "{name}-eu"\ndirectory = "{home}/in/eu"\nstories = "{home}/outgoing/eu"'
    )
    environment.add_route(
        f'project = "{name}-any"\ndirectory = "{home}/shops/*/daily"\n'
        f'stories = "{home}/shops/*/outgoing"'
    )
    session = sftp(user)
    for path in ("in/a.csv", "in/eu/b.txt", "shops/7/daily/c.bin"):
        put(session, path, CSV)
    assert quill.accepted(f"{home}/in/a.csv")["project"] == f"{name}-csv"
    assert quill.accepted(f"{home}/in/eu/b.txt")["project"] == f"{name}-eu"
    wild = quill.accepted(f"{home}/shops/7/daily/c.bin")
    assert wild["project"] == f"{name}-any"
    assert wild["story_key"] == f"{home}/shops/7/outgoing/c.bin.story.txt"
    assert "c.bin" in read(session, "shops/7/outgoing/c.bin.story.txt")


def test_every_version_of_a_file_is_told(
    customer: NewUser, sftp: Callable[[NewUser], Sftp], quill: Quill
) -> None:
    session = sftp(customer)
    key = f"{customer.home}/incoming/again.csv"
    put(session, "incoming/again.csv", b"n\n1\n")
    quill.accepted(key)
    put(session, "incoming/again.csv", b"n\n1\n2\n")

    def both_told() -> list[dict[str, Any]]:
        items = quill.notifications(key=key)
        assert [item["status"] for item in items] == ["accepted", "accepted"]
        return items

    first, second = eventually(both_told)
    assert first["version_id"] != second["version_id"]
    assert first["id"] != second["id"]


def test_an_empty_file_is_told(
    customer: NewUser, sftp: Callable[[NewUser], Sftp], quill: Quill
) -> None:
    put(sftp(customer), "incoming/empty.csv", b"")
    assert quill.accepted(f"{customer.home}/incoming/empty.csv")["size"] == 0


def test_what_is_no_upload_to_route_is_not_told(
    environment: Environment, customer: NewUser, sftp: Callable[[NewUser], Sftp], quill: Quill
) -> None:
    session = sftp(customer)
    session.mkdir("incoming")
    session.mkdir("incoming/folder.csv")
    for path in (
        "incoming/a.csv.filepart",
        "incoming/b.csv.tmp",
        "elsewhere/c.csv",
        "incoming/d.txt",
    ):
        put(session, path, CSV)
    put(session, "incoming/last.csv", CSV)
    quill.accepted(f"{customer.home}/incoming/last.csv")
    outcomes = {
        f"{customer.home}/incoming/": "ignored",
        f"{customer.home}/incoming/folder.csv/": "ignored",
        f"{customer.home}/incoming/a.csv.filepart": "ignored",
        f"{customer.home}/incoming/b.csv.tmp": "ignored",
        f"{customer.home}/elsewhere/c.csv": "unrouted",
        f"{customer.home}/incoming/d.txt": "unrouted",
        f"{customer.home}/incoming/last.csv": "accepted",
        f"{customer.home}/outgoing/last.csv.story.txt": "ignored",
    }
    eventually(lambda: _expect(environment, customer.home, outcomes))
    assert [item["key"] for item in quill.notifications(project=customer.name)] == [
        f"{customer.home}/incoming/last.csv"
    ]


def _expect(environment: Environment, prefix: str, outcomes: dict[str, str]) -> None:
    lines = environment.watchdog_log()
    mine = [line for line in lines if str(line.get("key", "")).startswith(f"{prefix}/")]
    assert {line["key"]: line["outcome"] for line in mine if "outcome" in line} == outcomes
    assert all(line["reason"] for line in mine if line.get("outcome") in ("ignored", "unrouted"))
    assert all(len(line["upload_id"]) == 64 for line in mine if "outcome" in line)


def test_a_temporary_name_is_told_once_it_has_its_own(
    customer: NewUser, sftp: Callable[[NewUser], Sftp], quill: Quill
) -> None:
    session = sftp(customer)
    put(session, "incoming/big.csv.filepart", CSV)
    session.rename("incoming/big.csv.filepart", "incoming/big.csv")
    item = quill.accepted(f"{customer.home}/incoming/big.csv")
    assert item["uploaded_by"] == customer.name
    assert len(quill.notifications(project=customer.name)) == 1
    assert session.listdir("incoming") == ["big.csv"]
