"""Users, their homes and their keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import asyncssh
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.transfer.errors import (
    ExistsError,
    InvalidRequestError,
    NotFoundError,
    TransferError,
)
from emulator.transfer.homes import Home, changed
from emulator.transfer.operations import perform
from emulator.transfer.scope import Scope
from emulator.transfer.store import Store
from tests.unit.keys import rsa_key

NOWHERE = "s-00000000000000000"
ROLE = "arn:aws:iam::123456789012:role/user"
ROOT = [{"Entry": "/", "Target": "/bucket/acme"}]
POLICY = '{"Version": "2012-10-17", "Statement": []}'
MOST_KEYS = 3
Call = Callable[..., Any]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("state") / "transfer.sqlite3") as opened:
        yield opened


@pytest.fixture
def scope(store: Store) -> Iterator[Scope]:
    """Of a control plane that has no server."""
    yield Scope(store, "123456789012", "eu-west-1", MOST_KEYS)
    with store.transaction() as change:
        for server in store.servers():
            change.delete_server(server.id)


@pytest.fixture
def server_id(scope: Scope) -> str:
    answer = perform("CreateServer", scope, {})
    assert answer is not None
    return str(answer["ServerId"])


@pytest.fixture
def call(scope: Scope, server_id: str) -> Call:
    return lambda operation, **members: perform(
        operation, scope, {"ServerId": server_id, **members}
    )


@pytest.fixture
def acme(call: Call) -> Callable[[], dict[str, Any]]:
    call("CreateUser", UserName="acme", Role=ROLE, HomeDirectory="/bucket/acme", Policy=POLICY)
    return lambda: dict(call("DescribeUser", UserName="acme")["User"])


def public_key(algorithm: str = "ssh-ed25519", comment: str = "", **options: Any) -> str:
    key = asyncssh.generate_private_key(algorithm, comment=comment or None, **options)
    return key.export_public_key().decode()


def test_a_user_is_described_as_created(call: Call, server_id: str) -> None:
    key = public_key(comment="q3 é+ key")
    tags = [{"Key": "customer", "Value": "ACME & Söhne"}]
    profile = {"Uid": 1, "Gid": 4294967295, "SecondaryGids": [2]}
    answer = call(
        "CreateUser",
        UserName="acme.b@c-d",
        Role=ROLE,
        HomeDirectory='/bucket/a "quoted" 100%+é',
        PosixProfile=profile,
        SshPublicKeyBody=key,
        Tags=tags,
    )
    assert answer == {"ServerId": server_id, "UserName": "acme.b@c-d"}
    user = call("DescribeUser", UserName="acme.b@c-d")["User"]
    [stored] = user.pop("SshPublicKeys")
    assert user == {
        "Arn": f"arn:aws:transfer:eu-west-1:123456789012:user/{server_id}/acme.b@c-d",
        "HomeDirectory": '/bucket/a "quoted" 100%+é',
        "HomeDirectoryType": "PATH",
        "PosixProfile": profile,
        "Role": ROLE,
        "Tags": tags,
        "UserName": "acme.b@c-d",
    }
    assert stored["SshPublicKeyBody"] == key.strip()
    assert re.fullmatch(r"key-[0-9a-f]{17}", stored["SshPublicKeyId"])
    age = datetime.now(UTC) - datetime.fromtimestamp(stored["DateImported"], UTC)
    assert 0 <= age.total_seconds() < 60


def test_of_concurrent_creates_exactly_one_wins(call: Call, scope: Scope, server_id: str) -> None:
    def attempt(number: int) -> str:
        try:
            call("CreateUser", UserName="acme", Role=f"{ROLE}{number}")
        except ExistsError:
            return "exists"
        return f"{ROLE}{number}"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(16)))
    user = scope.store.user(server_id, "acme")
    assert user is not None
    assert sorted(results) == sorted([user.role, *["exists"] * 15])


def test_a_second_user_of_the_same_name_is_named(call: Call, acme: Call) -> None:
    before = acme()
    with pytest.raises(ExistsError) as refused:
        call("CreateUser", UserName="acme", Role=f"{ROLE}2")
    assert refused.value.body["Resource"] == "acme"
    assert refused.value.body["ResourceType"] == "User"
    assert acme() == before


@pytest.mark.parametrize(
    "operation",
    ["DescribeUser", "UpdateUser", "DeleteUser", "ImportSshPublicKey", "DeleteSshPublicKey"],
)
def test_a_user_or_server_that_is_not_there_is_named(call: Call, operation: str) -> None:
    members = {"UserName": "nobody"}
    if operation == "ImportSshPublicKey":
        members["SshPublicKeyBody"] = "ssh-ed25519 AAAA"
    if operation == "DeleteSshPublicKey":
        members["SshPublicKeyId"] = "key-0123456789abcdef0"
    with pytest.raises(NotFoundError) as refused:
        call(operation, **members)
    assert (refused.value.resource_type, refused.value.resource) == ("User", "nobody")
    with pytest.raises(NotFoundError) as refused:
        call(operation, **{**members, "ServerId": NOWHERE})
    assert (refused.value.resource_type, refused.value.resource) == ("Server", NOWHERE)


def test_users_need_a_server(call: Call) -> None:
    with pytest.raises(NotFoundError, match="Unknown server"):
        call("CreateUser", ServerId=NOWHERE, UserName="acme", Role=ROLE)
    with pytest.raises(NotFoundError, match="Unknown server"):
        call("ListUsers", ServerId=NOWHERE)


def test_a_deleted_user_is_gone_and_may_come_back(call: Call, acme: Call) -> None:
    assert acme()
    assert call("DeleteUser", UserName="acme") is None
    assert call("ListUsers")["Users"] == []
    call("CreateUser", UserName="acme", Role=ROLE)
    assert "Policy" not in call("DescribeUser", UserName="acme")["User"]


def test_users_are_listed_page_by_page_while_others_come_and_go(call: Call) -> None:
    for name in ["user1", "user2", "user4", "user5"]:
        call("CreateUser", UserName=name, Role=ROLE)
    first = call("ListUsers", MaxResults=2)
    call("DeleteUser", UserName="user2")
    call("CreateUser", UserName="user3", Role=ROLE)
    second = call("ListUsers", MaxResults=2, NextToken=first["NextToken"])
    last = call("ListUsers", MaxResults=2, NextToken=second["NextToken"])
    names = [user["UserName"] for page in (first, second, last) for user in page["Users"]]
    assert names == ["user1", "user2", "user3", "user4", "user5"]
    assert "NextToken" not in last


def test_a_listed_user_shows_the_number_of_keys(call: Call, acme: Call) -> None:
    call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=public_key())
    assert call("ListUsers")["Users"] == [
        {
            "Arn": acme()["Arn"],
            "HomeDirectory": "/bucket/acme",
            "HomeDirectoryType": "PATH",
            "Role": ROLE,
            "SshPublicKeyCount": 1,
            "UserName": "acme",
        }
    ]


def test_tags_of_a_user_are_by_arn(call: Call, acme: Call, scope: Scope) -> None:
    tags = [{"Key": "a", "Value": "b"}]
    perform("TagResource", scope, {"Arn": acme()["Arn"], "Tags": tags})
    assert acme()["Tags"] == tags


@pytest.mark.parametrize(
    "home",
    [
        {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": ROOT},
        {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": ROOT, "HomeDirectory": "/"},
        {
            "HomeDirectoryType": "LOGICAL",
            "HomeDirectory": "/in",
            "HomeDirectoryMappings": [
                {"Entry": "/in", "Target": "/bucket/${transfer:UserName}/in", "Type": "DIRECTORY"},
                {"Entry": "/readme.txt", "Target": "/bucket/readme.txt", "Type": "FILE"},
            ],
        },
        {"HomeDirectoryType": "PATH", "HomeDirectory": "/bucket/acme"},
        {"HomeDirectoryType": "PATH"},
    ],
)
def test_homes_that_are_allowed(call: Call, home: dict[str, Any]) -> None:
    call("CreateUser", UserName="acme", Role=ROLE, **home)
    user = call("DescribeUser", UserName="acme")["User"]
    assert {name: item for name, item in user.items() if name.startswith("Home")} == home


@pytest.mark.parametrize(
    ("home", "message"),
    [
        ({"HomeDirectoryType": "LOGICAL"}, "needs HomeDirectoryMappings"),
        ({"HomeDirectoryMappings": ROOT}, "do not go with HomeDirectoryType 'PATH'"),
        (
            {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": [ROOT[0], ROOT[0]]},
            "Entry '/' must be the only mapping",
        ),
        (
            {
                "HomeDirectoryType": "LOGICAL",
                "HomeDirectoryMappings": [{"Entry": "/a", "Target": "/b/c"}] * 2,
            },
            "Entry mapped 2 times: '/a'",
        ),
        (
            {
                "HomeDirectoryType": "LOGICAL",
                "HomeDirectoryMappings": [{"Entry": "/a", "Target": "/b/"}],
            },
            "Target must not end with a slash: '/b/'",
        ),
        (
            {
                "HomeDirectoryType": "LOGICAL",
                "HomeDirectoryMappings": ROOT,
                "HomeDirectory": "/bucket/acme",
            },
            "HomeDirectory is no Entry of the mappings: '/bucket/acme'",
        ),
        (
            {
                "HomeDirectoryType": "LOGICAL",
                "HomeDirectoryMappings": [
                    {"Entry": f"/{number}", "Target": "/b"} for number in range(2001)
                ],
            },
            "too many HomeDirectoryMappings: '2001'",
        ),
        ({"Policy": "{"}, "Policy is not JSON: '{'"),
        ({"Policy": "[]"}, "Policy is no JSON object: '[]'"),
        ({"Tags": [{"Key": "AWS:x", "Value": ""}]}, "tag key not allowed: 'AWS:x'"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_nothing_kept(
    call: Call, home: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(message)):
        call("CreateUser", UserName="acme", Role=ROLE, **home)
    assert call("ListUsers")["Users"] == []


def test_update_changes_what_is_given_and_nothing_else(call: Call, acme: Call) -> None:
    call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=public_key())
    before = acme()
    call("UpdateUser", UserName="acme", Role=f"{ROLE}2")
    assert acme() == {**before, "Role": f"{ROLE}2"}


def test_an_empty_policy_takes_the_policy_away(call: Call, acme: Call) -> None:
    call("UpdateUser", UserName="acme", Policy="")
    assert "Policy" not in acme()


def test_a_home_goes_from_path_to_logical_and_back(call: Call, acme: Call) -> None:
    """The first step is the example in AWS's documentation of UpdateUser."""
    call(
        "UpdateUser",
        UserName="acme",
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=ROOT,
    )
    assert "HomeDirectory" not in acme()
    call("UpdateUser", UserName="acme", HomeDirectory="/")
    assert acme()["HomeDirectoryMappings"] == ROOT
    call("UpdateUser", UserName="acme", HomeDirectoryType="PATH")
    user = acme()
    assert user["HomeDirectoryType"] == "PATH"
    assert "HomeDirectory" not in user
    assert "HomeDirectoryMappings" not in user


def test_mappings_may_not_leave_the_landing_folder_behind(call: Call) -> None:
    two = [{"Entry": "/in", "Target": "/b/in"}, {"Entry": "/out", "Target": "/b/out"}]
    logical = {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": two}
    call("CreateUser", UserName="acme", Role=ROLE, HomeDirectory="/in", **logical)
    with pytest.raises(InvalidRequestError, match="'/in'"):
        call("UpdateUser", UserName="acme", HomeDirectoryMappings=two[1:])


HOMES = st.fixed_dictionaries(
    {},
    optional={
        "HomeDirectory": st.sampled_from(["", "/", "/in", "/bucket/acme"]),
        "HomeDirectoryType": st.sampled_from(["PATH", "LOGICAL"]),
        "HomeDirectoryMappings": st.lists(
            st.fixed_dictionaries(
                {
                    "Entry": st.sampled_from(["/", "/in", "/out"]),
                    "Target": st.sampled_from(["/", "/bucket", "/bucket/acme/"]),
                }
            ),
            min_size=1,
            max_size=2,
        ),
    },
)


@settings(max_examples=30)
@given(st.lists(HOMES, max_size=5))
def test_no_row_of_changes_leads_to_a_home_that_breaks_the_rules(
    requests: list[dict[str, Any]],
) -> None:
    home = Home()
    for request in requests:
        try:
            home = changed(home, request)
        except InvalidRequestError:
            continue
        entries = [mapping.entry for mapping in home.mappings]
        assert (home.type == "LOGICAL") == bool(entries)
        assert len(entries) == len(set(entries))
        assert "/" not in entries or len(entries) == 1
        assert not any(mapping.target.endswith("/") for mapping in home.mappings)
        assert home.type == "PATH" or home.directory in ("", "/", *entries)


@pytest.mark.parametrize(
    "algorithm",
    [
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "ssh-rsa",
    ],
)
def test_each_kind_of_key_is_imported_and_deleted(call: Call, acme: Call, algorithm: str) -> None:
    line = (
        public_key(algorithm) if algorithm != "ssh-rsa" else rsa_key().export_public_key().decode()
    )
    body = f"  {line.strip()} a comment\n"
    key_id = call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=body)["SshPublicKeyId"]
    [key] = acme()["SshPublicKeys"]
    assert (key["SshPublicKeyId"], key["SshPublicKeyBody"]) == (key_id, body.strip())
    assert call("DeleteSshPublicKey", UserName="acme", SshPublicKeyId=key_id) is None
    assert acme()["SshPublicKeys"] == []


ED25519 = public_key()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ssh-ed25519 AAAA", "Invalid SSH public key: 'ssh-ed25519 AAAA...'"),
        (ED25519[:50], "Invalid SSH public key"),
        (ED25519.replace("ssh-ed25519", "ssh-rsa"), "Invalid SSH public key"),
        ("ssh-dss AAAA", "Unsupported SSH public key type: 'ssh-dss'"),
        (public_key("ssh-ed448"), "Unsupported SSH public key type: 'ssh-ed448'"),
        (public_key("ssh-rsa", key_size=1024), "RSA key too short: '1024' bits"),
    ],
    ids=["no key", "cut off", "another type", "DSS", "ed448", "weak RSA"],
)
def test_a_key_of_no_use_is_refused(call: Call, acme: Call, body: str, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(message)):
        call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=body)
    assert acme()["SshPublicKeys"] == []


def test_a_key_is_a_users_once_whatever_its_comment(call: Call, acme: Call) -> None:
    key_id = call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=ED25519)["SshPublicKeyId"]
    with pytest.raises(ExistsError) as refused:
        call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=f"{ED25519.strip()} again")
    assert refused.value.body["Resource"] == key_id
    assert len(acme()["SshPublicKeys"]) == 1


def test_two_users_may_share_a_key(call: Call, acme: Call) -> None:
    call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=ED25519)
    call("CreateUser", UserName="other", Role=ROLE, SshPublicKeyBody=ED25519)
    assert len(acme()["SshPublicKeys"]) == 1


def test_concurrent_imports_keep_the_limit(call: Call, acme: Call) -> None:
    def attempt(body: str) -> str:
        try:
            call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=body)
        except InvalidRequestError as error:
            return error.message
        return "imported"

    bodies = [public_key() for _ in range(MOST_KEYS + 3)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(attempt, bodies))
    refusal = "too many SSH public keys for user: 'acme' - 3 are allowed, delete one"
    assert sorted(results) == ["imported"] * MOST_KEYS + [refusal] * 3
    assert len(acme()["SshPublicKeys"]) == MOST_KEYS


def test_deleting_a_key_that_is_not_there(call: Call, acme: Call) -> None:
    call("ImportSshPublicKey", UserName="acme", SshPublicKeyBody=ED25519)
    with pytest.raises(NotFoundError) as refused:
        call("DeleteSshPublicKey", UserName="acme", SshPublicKeyId="key-0123456789abcdef0")
    assert refused.value.resource_type == "SshPublicKey"
    assert len(acme()["SshPublicKeys"]) == 1


def test_every_refusal_is_an_answer_of_the_api(call: Call) -> None:
    with pytest.raises(TransferError) as refused:
        call("UpdateUser", UserName="acme", SshPublicKeyBody=ED25519)
    assert refused.value.code == "ValidationException"
    assert "sshPublicKeyBody" in refused.value.message
