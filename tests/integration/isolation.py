"""No user reaches another's files: proved by refusals, not by absence.

These checks hold wherever policies are enforced: `test_isolation.py` runs them on an engine that
does it, `test_isolation_by_guard.py` on one that does not, with the Transfer service doing it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.support import Environment, NewUser, Sftp, put

SECRET = b"none of your business"


@dataclass(frozen=True)
class Neighbours:
    """`acme` is logged in; `acme-corp`, whose name begins the same, has a file."""

    acme: Sftp
    acme_home: str
    corp_home: str
    corp_key: str


@pytest.fixture
def neighbours(
    environment: Environment, new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp]
) -> Iterator[Neighbours]:
    name = f"acme{uuid.uuid4().hex[:8]}"
    acme, corp = new_user(name), new_user(f"{name}-corp")
    put(sftp(corp), "incoming-secret.csv", SECRET)
    put(sftp(acme), "mine.csv", b"mine")
    bucket = environment.bucket
    yield Neighbours(sftp(acme), f"/{bucket}/{name}", f"/{bucket}/{name}-corp", f"{name}-corp/")
    objects = environment.client("s3").list_object_versions(Bucket=bucket, Prefix=f"{name}-corp/")
    assert [item["Size"] for item in objects["Versions"]] == [len(SECRET)]
    assert "DeleteMarkers" not in objects


ATTEMPTS: dict[str, Callable[[Sftp, str], object]] = {
    "list": lambda sftp, home: sftp.listdir(home),
    "stat": lambda sftp, home: sftp.stat(f"{home}/incoming-secret.csv"),
    "read": lambda sftp, home: sftp.open(f"{home}/incoming-secret.csv").read(),
    "overwrite": lambda sftp, home: put(sftp, f"{home}/incoming-secret.csv", b"planted"),
    "create": lambda sftp, home: put(sftp, f"{home}/planted.csv", b"planted"),
    "delete": lambda sftp, home: sftp.remove(f"{home}/incoming-secret.csv"),
    "rename away": lambda sftp, home: sftp.rename(f"{home}/incoming-secret.csv", "stolen.csv"),
    "rename into": lambda sftp, home: sftp.rename("mine.csv", f"{home}/planted.csv"),
    "make a folder": lambda sftp, home: sftp.mkdir(f"{home}/folder"),
    "remove the folder": lambda sftp, home: sftp.rmdir(home),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=list(ATTEMPTS))
def test_a_neighbours_files_are_out_of_reach(
    attempt: Callable[[Sftp, str], object], neighbours: Neighbours
) -> None:
    with pytest.raises(PermissionError):
        attempt(neighbours.acme, neighbours.corp_home)


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=list(ATTEMPTS))
def test_dots_lead_to_no_neighbour(
    attempt: Callable[[Sftp, str], object], neighbours: Neighbours
) -> None:
    relative = f"../{neighbours.corp_home.rsplit('/', 1)[1]}"
    with pytest.raises(PermissionError):
        attempt(neighbours.acme, relative)
    neighbours.acme.mkdir("a")
    with pytest.raises(PermissionError):
        attempt(neighbours.acme, f"{neighbours.acme_home}/./a/../../{relative[3:]}")


def test_own_listing_does_not_show_the_neighbour(neighbours: Neighbours) -> None:
    assert neighbours.acme.listdir(".") == ["mine.csv"]
    assert neighbours.acme.listdir(neighbours.acme_home) == ["mine.csv"]


@pytest.mark.parametrize("path", ["..", "/", "../..", "../../.."])
def test_nothing_above_the_home_can_be_listed(path: str, neighbours: Neighbours) -> None:
    with pytest.raises(PermissionError):
        neighbours.acme.listdir(path)


def test_the_bucket_of_somebody_else_cannot_be_listed(neighbours: Neighbours) -> None:
    with pytest.raises(PermissionError):
        neighbours.acme.listdir("/quillgate-artifacts")


@pytest.mark.parametrize(
    "policy", [None, "the home's"], ids=["no session policy", "session policy"]
)
def test_the_routes_cannot_be_touched(
    policy: str | None,
    environment: Environment,
    new_user: Callable[..., NewUser],
    sftp: Callable[[NewUser], Sftp],
) -> None:
    user = new_user(policy=None) if policy is None else new_user()
    session = sftp(user)
    path = f"/{environment.bucket}/watchdog.config"
    for attempt in (
        lambda: session.open(path).read(),
        lambda: put(session, path, b"planted"),
        lambda: session.remove(path),
        lambda: session.rename(path, "stolen.config"),
    ):
        with pytest.raises(PermissionError):
            attempt()
    put(session, "evil.config", b"planted")
    with pytest.raises(PermissionError):
        session.rename("evil.config", path)
    assert b"[[route]]" in _routes(environment)


def _routes(environment: Environment) -> bytes:
    found: Any = environment.client("s3").get_object(
        Bucket=environment.bucket, Key="watchdog.config"
    )
    return bytes(found["Body"].read())


def test_without_delete_permission_rm_is_refused(
    new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp]
) -> None:
    objects = "arn:aws:s3:::${transfer:HomeDirectory}/*"
    actions = ["s3:GetObject", "s3:PutObject"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": objects}],
    }
    session = sftp(new_user(policy=json.dumps(policy)))
    put(session, "kept.csv", b"planted")
    with pytest.raises(PermissionError):
        session.remove("kept.csv")
    assert session.open("kept.csv").read() == b"planted"
