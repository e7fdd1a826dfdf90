"""Routes, secret or permissions are wrong: it is said and counted, and nothing is lost.

While a mistake lasts, new workers start: what an old one remembers is no help.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support import (
    CONFIG_KEY,
    Environment,
    Quill,
    Running,
    eventually,
    quillgate,
    start_environment,
    upload,
)

ROUTE = '[[route]]\nproject = "x"\ndirectory = "x/in"\nstories = "x/outgoing"\n'
# What is stored in place of good routes, and what is said of it.
BROKEN = {
    "a typo": (ROUTE.replace("directory", "directry"), "line 3: unknown key 'directry'"),
    "two alike": (ROUTE + ROUTE, "line 7: directory 'x/in' with pattern '*' is already on line 1"),
    "a loop": (ROUTE.replace("x/outgoing", "x/in/out"), "line 4: stories 'x/in/out' lies inside"),
    "too large": (b"#" * 2_000_001, "line 1: more than 2,000,000 bytes"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An environment whose secret, routes and role may be broken without harm to other tests."""
    with start_environment(tmp_path_factory.mktemp("own")) as running:
        yield running


@pytest.fixture
def own(running: Running) -> Environment:
    return running.environment


@pytest.fixture
def quill(own: Environment) -> Quill:
    return Quill(own.quill_url)


@contextmanager
def mistaken(own: Environment, make: Callable[[], None], mend: Callable[[], None]) -> Iterator[int]:
    """A mistake that lasts while the block does, for new workers; gives the log's length before."""
    before = len(own.watchdog_log())
    make()
    try:
        own.restart_watchdog()
        yield before
    finally:
        mend()


def is_said_and_counted(own: Environment, before: int, words: str, key: str | None = None) -> None:
    """An error in the watchdog's log says so, of the key or in general; an alarm's metric, too."""

    def complained() -> None:
        log = own.watchdog_log()[before:]
        said = [line for line in log if words in line.get("reason", "") and line.get("key") == key]
        assert said, log
        assert any("Misconfigured" in line for line in log if "_aws" in line)

    eventually(complained)


@contextmanager
def stored(own: Environment, content: str | bytes | None) -> Iterator[int]:
    """Instead of the routes in force this is stored, or nothing at all."""
    s3, at = own.client("s3"), {"Bucket": own.bucket, "Key": CONFIG_KEY}
    good = s3.get_object(**at)["Body"].read()

    def make() -> None:
        if content is None:
            s3.delete_object(**at)
        else:
            s3.put_object(**at, Body=content)

    with mistaken(own, make, lambda: s3.put_object(**at, Body=good)) as before:
        yield before


@pytest.mark.parametrize(
    ("content", "words"),
    [*BROKEN.values(), (None, "NoSuchKey")],
    ids=[*BROKEN, "missing"],
)
def test_the_last_good_routes_stay_in_force(
    own: Environment, quill: Quill, content: str | bytes | None, words: str
) -> None:
    known, new = own.routed_user(), own.new_user()
    quill.accepted(upload(own, known))
    with stored(own, content) as before:
        covered = upload(own, known, "incoming/while broken.csv")
        quill.accepted(covered)
        is_said_and_counted(own, before, words)
        not_covered = upload(own, new)
        is_said_and_counted(own, before, words, not_covered)
        assert quill.notifications(key=not_covered) == []
    own.add_route(
        f'project = "{new.name}"\ndirectory = "{new.home}/incoming"\n'
        f'stories = "{new.home}/outgoing"'
    )
    quill.accepted(not_covered)


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_push_refuses_what_would_break(
    running: Running, tmp_path: Path, content: str | bytes, words: str
) -> None:
    file = tmp_path / "routes.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    s3, at = running.environment.client("s3"), running.environment.bucket
    before = s3.head_object(Bucket=at, Key=CONFIG_KEY)["VersionId"]
    pushed = quillgate("routes", "push", str(file), "--state", str(running.state))
    assert (pushed.returncode, pushed.stdout) == (1, "")
    assert words in pushed.stderr
    assert s3.head_object(Bucket=at, Key=CONFIG_KEY)["VersionId"] == before


@contextmanager
def secret(own: Environment, change: Callable[[dict[str, str]], object]) -> Iterator[int]:
    """Instead of the stack's secret there is what `change` makes of it."""
    secrets, name = own.client("secretsmanager"), f"{own.stack_name.replace('-', '/')}/watchdog"
    right = secrets.get_secret_value(SecretId=name)["SecretString"]

    def store(text: str) -> None:
        secrets.put_secret_value(SecretId=name, SecretString=text)

    wrong = json.dumps(change(json.loads(right)))
    with mistaken(own, lambda: store(wrong), lambda: store(right)) as before:
        yield before
    # Neither the right token nor a wrong one is in any log.
    log = json.dumps(own.watchdog_log())
    assert json.loads(right)["token"] not in log
    assert "mistyped" not in log


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda right: {**right, "token": "mistyped"}, "Quill answered 401"),
        (
            lambda right: {**right, "quill_url": f"{right['quill_url']}/elsewhere"},
            "Quill answered 404",
        ),
        (lambda right: {"quill_url": right["quill_url"]}, "secret is broken"),
        (lambda right: [right], "secret is broken"),
    ],
    ids=["token", "address", "no token", "no object"],
)
def test_a_wrong_secret_loses_nothing(
    own: Environment, quill: Quill, change: Callable[[dict[str, str]], object], words: str
) -> None:
    user = own.routed_user()
    with secret(own, change) as before:
        key = upload(own, user)
        is_said_and_counted(own, before, words, key)
    quill.accepted(key)


def test_a_missing_secret_loses_nothing(own: Environment, quill: Quill) -> None:
    """Deleted by mistake, and restored before its recovery window ends."""
    user, secrets = own.routed_user(), own.client("secretsmanager")
    name = f"{own.stack_name.replace('-', '/')}/watchdog"

    def delete() -> None:
        secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)

    with mistaken(own, delete, lambda: secrets.restore_secret(SecretId=name)) as before:
        key = upload(own, user)
        is_said_and_counted(own, before, "secret cannot be read", key)
    quill.accepted(key)


@pytest.mark.parametrize(
    "permission",
    ["ReadQuillsAddressAndToken", "ReadRoutesAndMetadata", "KeepTheLedger"],
    ids=lambda sid: sid,
)
def test_a_missing_permission_loses_nothing(
    own: Environment, quill: Quill, permission: str
) -> None:
    user, iam = own.routed_user(), own.client("iam")
    function = own.client("lambda").get_function(FunctionName=f"{own.stack_name}-watchdog")
    role = {
        "RoleName": function["Configuration"]["Role"].rsplit("/", 1)[1],
        "PolicyName": "watchdog",
    }
    policy = iam.get_role_policy(**role)["PolicyDocument"]
    less = [each for each in policy["Statement"] if each["Sid"] != permission]
    assert len(less) == len(policy["Statement"]) - 1

    def allow(statements: list[dict[str, Any]]) -> None:
        document = json.dumps({**policy, "Statement": statements})
        iam.put_role_policy(**role, PolicyDocument=document)

    with mistaken(own, lambda: allow(less), lambda: allow(policy["Statement"])) as before:
        key = upload(own, user)
        is_said_and_counted(own, before, "AccessDenied", key)
        assert quill.notifications(key=key) == []
    quill.accepted(key)
