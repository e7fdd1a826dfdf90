"""The same isolation where the engine enforces nothing: the Transfer service decides itself."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator

import paramiko
import pytest

from tests.integration.isolation import *  # noqa: F403  # the checks themselves
from tests.integration.support import HOME_POLICY, Environment, NewUser, Sftp, put
from tests.integration.unguarded import ROUTES, start_unguarded

FIVE_PARTS = b"0123456789abcdef" * (40 * 1024**2 // 16)


@pytest.fixture(scope="session")
def environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environment]:
    if request.config.getoption("--environment") == "compose":
        yield request.getfixturevalue("environment")
        return
    with start_unguarded(tmp_path_factory.mktemp("unguarded")) as environment:
        yield environment


@pytest.fixture(scope="session")
def new_user(environment: Environment) -> Callable[..., NewUser]:
    return environment.new_user


def test_this_engine_would_let_everybody_in(environment: Environment) -> None:
    """Without that the refusals of the other tests would prove nothing."""
    nothing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
    s3 = environment.s3_as(environment.user_role_arn, Policy=policy)
    found = s3.get_object(Bucket=environment.bucket, Key="watchdog.config")
    assert ROUTES in found["Body"].read()


def test_what_is_allowed_works(
    new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp]
) -> None:
    session = sftp(new_user())
    names = ["q3 sales+1%.csv", 'it\'s "é".csv', "empty.csv", "a\nb.csv"]
    for name in names:
        put(session, name, b"" if name == "empty.csv" else name.encode())
    assert sorted(session.listdir(".")) == sorted(names)
    assert session.open(names[0]).read() == names[0].encode()
    session.mkdir("folder")
    session.rename(names[0], f"folder/{names[1]}")
    assert session.stat(f"folder/{names[1]}").st_size == len(names[0])
    session.remove(f"folder/{names[1]}")
    session.rmdir("folder")
    assert sorted(session.listdir(".")) == sorted(names[1:])


def test_a_file_of_several_parts_goes_through(
    new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp]
) -> None:
    session = sftp(new_user())
    put(session, "large.bin", FIVE_PARTS)
    with session.open("large.bin") as file:
        file.prefetch(len(FIVE_PARTS))
        assert file.read() == FIVE_PARTS


def test_folders_can_be_forbidden_as_the_guide_has_it(
    new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp]
) -> None:
    policy = json.loads(HOME_POLICY)
    marker = "arn:aws:s3:::${transfer:HomeBucket}/*/"
    policy["Statement"].append({"Effect": "Deny", "Action": "s3:PutObject", "Resource": marker})
    session = sftp(new_user(policy=json.dumps(policy)))
    put(session, "a.csv", b"a")
    with pytest.raises(PermissionError):
        session.mkdir("folder")


def test_a_missing_key_is_forbidden_to_those_who_may_not_list(
    new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp]
) -> None:
    policy = json.loads(HOME_POLICY)
    del policy["Statement"][0]
    session = sftp(new_user(policy=json.dumps(policy)))
    for attempt in (session.stat, lambda name: session.open(name).read()):
        with pytest.raises(PermissionError):
            attempt("missing.csv")
    with pytest.raises(FileNotFoundError):
        sftp(new_user()).stat("missing.csv")


def test_a_bucket_policy_counts(
    environment: Environment,
    new_user: Callable[..., NewUser],
    sftp: Callable[[NewUser], Sftp],
) -> None:
    bucket = f"denied-{uuid.uuid4().hex[:8]}"
    s3 = environment.client("s3")
    s3.create_bucket(Bucket=bucket)
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Principal": "*"}
    allow = {"Effect": "Allow", "Action": "s3:*", "Principal": {"AWS": environment.user_role_arn}}
    arn = f"arn:aws:s3:::{bucket}"
    statements = [
        {**allow, "Resource": [arn, f"{arn}/*"]},
        {**deny, "Resource": f"{arn}/*/kept/*"},
    ]
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
    )
    session = sftp(new_user(HomeDirectory=f"/{bucket}/home"))
    put(session, "a.csv", b"a")
    assert session.listdir(".") == ["a.csv"]
    with pytest.raises(PermissionError):
        put(session, "kept/a.csv", b"a")
    session.remove("a.csv")
    s3.delete_bucket(Bucket=bucket)


def test_a_malformed_policy_keeps_its_user_out(
    new_user: Callable[..., NewUser], sftp: Callable[[NewUser], Sftp]
) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}
    user = new_user(policy=json.dumps(policy))
    with pytest.raises(paramiko.SSHException):
        sftp(user)
