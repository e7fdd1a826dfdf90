"""Users made, changed and removed by `quillgate users`, and what that means over SFTP."""

from __future__ import annotations

import itertools
import json
import shlex
import textwrap
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.integration.support import Environment, NewUser, eventually, put, quillgate

MANY = 500


class Customers:
    """`quillgate users` on the environment; those who are made are gone after the tests."""

    def __init__(self, environment: Environment, target: list[str]) -> None:
        self._environment, self._target = environment, target

    def run(self, *words: str, stdin: str | None = None) -> str:
        """What a command prints; it must end well."""
        done = quillgate("users", *words, *self._target, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str, stdin: str | None = None) -> str:
        """What a command says that fails."""
        done = quillgate("users", *words, *self._target, stdin=stdin)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    def undo(self, said: str) -> None:
        """Do what a command said would undo it, with the keys it showed."""
        _, _, way = said.partition("undo: quillgate users ")
        command, _, keys = way.partition("\n")
        self.run(*shlex.split(command), stdin=keys)

    def add(self, *words: str) -> NewUser:
        """A new user with a key of a new pair."""
        name, key = self.new_name(), paramiko.ECDSAKey.generate()
        self.run("add", name, "--key", "-", *words, stdin=line(key))
        return NewUser(name, name, key)

    def new_name(self) -> str:
        name = f"customer-{uuid.uuid4().hex[:12]}"
        self.will_be_made(name)
        return name

    def will_be_made(self, name: str) -> None:
        self._environment.users_made.append((self._environment.server_id, name))

    def shown(self, name: str) -> dict[str, Any]:
        return dict(json.loads(self.run("show", name, "--json")))

    def trail(self, name: str) -> list[tuple[str, str]]:
        """What the audit trail says was done to a user, and how it ended, oldest first."""
        changes = [each for each in self.changes() if each["about"] == name]
        return [(each["what"], each["result"]) for each in reversed(changes)]

    def changes(self, newer_than: str = "") -> Iterator[dict[str, Any]]:
        """The audit trail, newest first, each with its `key`; tests beside this one write, too."""
        s3, bucket = self._environment.client("s3"), self._environment.ledger_bucket
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="audit/all/")
        keys = (each["Key"] for page in pages for each in page.get("Contents", []))
        for key in itertools.takewhile(lambda key: key != newer_than, keys):
            yield {"key": key, **json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])}


@pytest.fixture
def customers(environment: Environment, target: list[str]) -> Customers:
    return Customers(environment, target)


def line(key: paramiko.PKey) -> str:
    """A public key as OpenSSH has it."""
    return f"{key.get_name()} {key.get_base64()}\n"


def as_putty_saves_it(key: paramiko.PKey) -> str:
    body = "\n".join(textwrap.wrap(key.get_base64(), 64))
    return (
        f'---- BEGIN SSH2 PUBLIC KEY ----\nComment: "q3 key"\n{body}\n---- END SSH2 PUBLIC KEY ----'
    )


def can_log_in(environment: Environment, user: NewUser) -> None:
    """At once, or within the seconds that OpenSSH in the compose project takes to know."""

    def look() -> None:
        with environment.sftp(user) as sftp:
            sftp.listdir(".")

    eventually(look, not_yet=(paramiko.AuthenticationException,))


def cannot_log_in(environment: Environment, user: NewUser) -> None:
    """The same the other way round."""

    def look() -> None:
        try:
            with environment.ssh(user):
                pass
        except paramiko.AuthenticationException:
            return
        raise AssertionError(f"{user.name} is let in")

    eventually(look)


def test_the_life_of_a_customer(environment: Environment, customers: Customers) -> None:
    name, old, new = (
        customers.new_name(),
        paramiko.ECDSAKey.generate(),
        paramiko.ECDSAKey.generate(),
    )
    before, after = NewUser(name, name, old), NewUser(name, name, new)
    note = customers.run("add", name, "--key", "-", stdin=as_putty_saves_it(old))
    for words in (environment.sftp_host, environment.host_key_fingerprint, name):
        assert words in note
    assert f"-P {environment.sftp_port}" in note
    can_log_in(environment, before)
    with environment.sftp(before) as sftp:
        assert set(sftp.listdir(".")) == {"incoming", "outgoing"}
        put(sftp, "incoming/q3 sales+é.csv", b"n\n1\n")

    customers.run("keys", "add", name, stdin=line(new))
    assert "has it already" in customers.run("keys", "add", name, stdin=line(new))
    can_log_in(environment, after)
    fingerprint = json.loads(customers.run("keys", "list", name, "--json"))["keys"][0][
        "fingerprint"
    ]
    taken = customers.run("keys", "remove", name, fingerprint)
    cannot_log_in(environment, before)
    can_log_in(environment, after)
    customers.undo(taken)
    can_log_in(environment, before)
    customers.run("keys", "remove", name, line(old))

    customers.run("disable", name)
    cannot_log_in(environment, after)
    assert f"{name:<24}  disabled" in customers.run("list", "--search", name)
    customers.run("enable", name)
    can_log_in(environment, after)

    removed = customers.run("remove", name)
    cannot_log_in(environment, after)
    customers.undo(removed)
    can_log_in(environment, after)
    customers.run("remove", name)
    assert "no such user" in customers.refused("show", name)
    key = f"{name}/incoming/q3 sales+é.csv"
    assert environment.client("s3").head_object(Bucket=environment.bucket, Key=key)
    keys = ["keys add", "keys remove", "keys add", "keys remove"]
    done = ["add", *keys, "disable", "enable", "remove", "add", "remove"]
    assert customers.trail(name) == [(f"users {what}", "done") for what in done]


def test_a_session_outlives_the_disabling(environment: Environment, customers: Customers) -> None:
    user = customers.add()
    can_log_in(environment, user)
    with environment.sftp(user) as sftp:
        customers.run("disable", user.name)
        cannot_log_in(environment, user)
        assert sftp.listdir(".")


@pytest.mark.parametrize("home_type", ["PATH", "LOGICAL"])
def test_a_customer_sees_the_own_home_only(
    environment: Environment, customers: Customers, home_type: str
) -> None:
    other = customers.add()
    can_log_in(environment, other)
    with environment.sftp(other) as sftp:
        put(sftp, "incoming/secret.csv", b"secret")
    user = customers.add("--home-type", home_type)
    can_log_in(environment, user)
    with environment.sftp(user) as sftp:
        root = "/" if home_type == "LOGICAL" else f"/{environment.bucket}/{user.name}"
        assert sftp.normalize(".") == root
        put(sftp, "incoming/a.csv", b"a")
        with sftp.open("incoming/a.csv") as file:
            assert file.read() == b"a"
        for path in (f"../{other.name}/incoming/secret.csv", f"/{other.name}/incoming/secret.csv"):
            with pytest.raises(OSError), sftp.open(path) as file:  # noqa: PT011  # either refusal will do
                file.read()


def test_homes_and_keys_are_a_customers_own(customers: Customers, environment: Environment) -> None:
    user = customers.add()
    name = customers.new_name()
    inside = customers.refused("add", name, "--folder", f"{user.name}/incoming")
    assert f"the home of {user.name}" in inside
    assert f"{user.name} has that key" in customers.refused(
        "add", name, "--key", "-", stdin=line(user.key)
    )
    customers.run("add", name, "--key", "-", "--allow-shared-key", stdin=line(user.key))
    can_log_in(environment, NewUser(name, name, user.key))


def test_a_private_key_is_refused_and_not_repeated(
    customers: Customers, environment: Environment
) -> None:
    private = Path(environment.test_user_key).read_text()
    said = customers.refused("add", customers.new_name(), "--key", environment.test_user_key)
    assert "PRIVATE" in said
    assert not any(each in said for each in private.splitlines()[1:-1])


def test_a_missing_user_is_named_with_those_near(customers: Customers) -> None:
    user = customers.add()
    said = customers.refused("remove", f"{user.name}x")
    assert f"did you mean {user.name}" in said
    assert customers.shown(user.name)["keys"]


def _public_line() -> str:
    encoding = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return Ed25519PrivateKey.generate().public_key().public_bytes(*encoding).decode()


def test_many_users_are_imported_once(
    customers: Customers, target: list[str], tmp_path: Path
) -> None:
    prefix = f"import-{uuid.uuid4().hex[:8]}"
    names = [f"{prefix}-{number:03}" for number in range(MANY)]
    for name in names:
        (tmp_path / f"{name}.pub").write_text(f"{_public_line()}\n")
        customers.will_be_made(name)
    bad = f"{prefix}-250a"
    (tmp_path / f"{bad}.pub").write_text("# the next line was cut\nssh-ed25519 AAAAC3Nza\n")
    words = ["users", "import", str(tmp_path), *target]

    def counts(*options: str) -> str:
        done = quillgate(*words, *options)
        assert done.returncode == 1, done.stderr
        assert f"{bad}.pub:2: the key is damaged" in done.stderr
        return done.stdout.splitlines()[-1]

    changed = f"{MANY} new, 0 with more keys, 0 unchanged, 1 problem"
    unchanged = f"0 new, 0 with more keys, {MANY} unchanged, 1 problem"
    assert counts("--dry-run") == f"would be: {changed}"
    assert not imported(customers, prefix)
    assert counts() == changed
    found = imported(customers, prefix)
    assert [each["name"] for each in found] == names
    assert {each["key_count"] for each in found} == {1}
    written = on_record(customers, prefix)
    assert sorted(each["about"] for each in written) == names
    assert counts() == f"nothing to do: {unchanged}"
    assert imported(customers, prefix) == found
    assert not on_record(customers, prefix, newer_than=written[0]["key"])


def test_who_had_a_login_on_the_old_server_has_one_here(
    environment: Environment, customers: Customers, tmp_path: Path
) -> None:
    name, key = customers.new_name(), paramiko.ECDSAKey.generate()
    (tmp_path / "etc").mkdir()
    users = f"root:x:0:0:root:/root:/bin/sh\n{name}:x:1001:1001::/home/{name}:/usr/sbin/nologin\n"
    (tmp_path / "etc/passwd").write_text(users)
    ssh = tmp_path / "home" / name / ".ssh"
    ssh.mkdir(parents=True)
    options = 'restrict,command="internal-sftp -l INFO"'
    (ssh / "authorized_keys").write_bytes(f"\ufeff# ours\r\n{options} {line(key)}\r\n".encode())
    source = [str(tmp_path), "--home-type", "LOGICAL"]
    assert "1 new, 0 with more keys" in customers.run("import", *source)
    assert "nothing to do: 0 new, 0 with more keys, 1 unchanged" in customers.run("import", *source)
    user = NewUser(name, name, key)
    can_log_in(environment, user)
    with environment.sftp(user) as sftp:
        assert sftp.normalize(".") == "/"
        put(sftp, "/incoming/a.csv", b"a")


def imported(customers: Customers, prefix: str) -> list[dict[str, Any]]:
    return list(json.loads(customers.run("list", "--search", prefix, "--json"))["users"])


def on_record(customers: Customers, prefix: str, newer_than: str = "") -> list[dict[str, Any]]:
    """What the audit trail has about the users of an import, newest first."""
    changes = customers.changes(newer_than)
    return [each for each in changes if each["about"].startswith(prefix)]
