"""Users by the API: what each member may be, and what an update does (facts 2.1)."""

from __future__ import annotations

import random
import string
import uuid
from typing import Any

from tests.integration.conformance.row import Mark, Outcome, Sheet
from tests.integration.conformance.scene import Scene

SHEET = Sheet("users API")
row = SHEET.row
DONE = Outcome()
ROLE = "arn:aws:iam::000000000000:role/"
PATTERN = "Member must satisfy regular expression pattern: ..."


def broken(member: str, *constraints: str) -> Outcome:
    """AWS's words for what its API model does not allow."""
    texts = [f"Value at '{member}' failed to satisfy constraint: {each}" for each in constraints]
    errors = "error" if len(texts) == 1 else "errors"
    message = f"{len(texts)} validation {errors} detected: {'; '.join(texts)}"
    return Outcome("ValidationException", message)


def at_most(limit: int) -> str:
    return f"Member must have length less than or equal to {limit}"


def at_least(limit: int) -> str:
    return f"Member must have length greater than or equal to {limit}"


def create(scene: Scene, **request: Any) -> Outcome:
    """CreateUser with what is given over a good request."""
    name = request.pop("UserName", f"conform-{uuid.uuid4().hex[:12]}")
    done = scene.api_user(name, **request)
    return Outcome(done.code, done.message)


def seen(expected: Outcome) -> Mark:
    """How sure the words are: Transfer's own have been seen for one pattern and for a length."""
    told = expected.message or ""
    if "; Value" in told or not ("pattern" in told or "length less" in told):
        return "I"  # the words of AWS's other services
    return "C"


def edge(case: str, aws: str, expected: Outcome, /, **request: Any) -> None:
    """A CreateUser at the edge of a rule of the API's model."""

    @row(case, aws, "BOTO", "D", expected, words=seen(expected) if expected.code else "D")
    def _ask(scene: Scene) -> Outcome:
        return create(scene, **request)


def mappings(count: int) -> dict[str, Any]:
    entries = [{"Entry": f"/e{number}", "Target": "/bucket/x"} for number in range(count)]
    return {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": entries}


def mapping(entry: str, target: str, **more: str) -> dict[str, Any]:
    only = {"Entry": entry, "Target": target, **more}
    return {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": [only]}


def refused(message: str) -> Outcome:
    return Outcome("InvalidRequestException", message)


# Of 238,328: several workers and both front ends of compose make theirs on one server.
THREE = "".join(random.choices(string.ascii_letters + string.digits, k=3))
edge("UserName of 3 characters", "3 to 100", DONE, UserName=THREE)
edge("UserName of 100 characters", "3 to 100", DONE, UserName=uuid.uuid4().hex.ljust(100, "x"))
edge(
    "UserName of 2 characters", "3 to 100", broken("userName", PATTERN, at_least(3)), UserName="ab"
)
edge("UserName of 101 characters", "3 to 100", broken("userName", at_most(100)), UserName="x" * 101)
edge(
    "UserName with a space", r"`[\w][\w@.-]{2,99}`", broken("userName", PATTERN), UserName="a user"
)
edge(
    "UserName that begins with @",
    r"`[\w][\w@.-]{2,99}`",
    broken("userName", PATTERN),
    UserName="@user",
)
edge(
    "ServerId of another form",
    "`s-([0-9a-f]{17})`, 19 characters",
    broken("serverId", PATTERN),
    ServerId="s-0000000000000000g",
)
edge(
    "ServerId too short",
    "`s-([0-9a-f]{17})`, 19 characters",
    broken("serverId", PATTERN, at_least(19)),
    ServerId="s-1",
)
edge("Role left out", "required", broken("role", "Member must not be null"), Role=None)
edge(
    "Role of 19 characters",
    "20 to 2048",
    broken("role", at_least(20)),
    Role="arn:aws:i::0:role/r",
)
edge("Role of 2,048 characters", "20 to 2048", DONE, Role=ROLE.ljust(2048, "r"))
edge(
    "Role of 2,049 characters",
    "20 to 2048",
    broken("role", at_most(2048)),
    Role=ROLE.ljust(2049, "r"),
)
edge(
    "Role that is no role's ARN",
    r"`arn:.*role/\S+`",
    broken("role", PATTERN),
    Role="arn:aws:iam::0:user/abc",
)
edge("HomeDirectory of 1,024 characters", "<= 1024", DONE, HomeDirectory="/b/".ljust(1024, "h"))
edge(
    "HomeDirectory of 1,025 characters",
    "<= 1024",
    broken("homeDirectory", at_most(1024)),
    HomeDirectory="/b/".ljust(1025, "h"),
)
edge(
    "HomeDirectory without a slash",
    "`(|/.*)`",
    broken("homeDirectory", PATTERN),
    HomeDirectory="b/home",
)
edge("HomeDirectory empty", "`(|/.*)`", DONE, HomeDirectory="")
edge(
    "HomeDirectoryType CHROOT",
    "PATH or LOGICAL",
    broken("homeDirectoryType", "Member must satisfy enum value set: ..."),
    HomeDirectoryType="CHROOT",
)
edge("no mapping", "1 to 50,000", broken("homeDirectoryMappings", at_least(1)), **mappings(0))
edge("2,000 mappings", "2,000 for service-managed users (TF-LOGICAL)", DONE, **mappings(2000))
edge(
    "Entry without a slash",
    "`/.*`",
    broken("homeDirectoryMappings.1.member.entry", PATTERN),
    **mapping("in", "/bucket/x"),
)
edge(
    "Target without a slash",
    "`/.*`; UG2023: an authentication error at login",
    broken("homeDirectoryMappings.1.member.target", PATTERN),
    **mapping("/in", "bucket/x"),
)
edge(
    "Target of 1,025 characters",
    "<= 1024",
    broken("homeDirectoryMappings.1.member.target", at_most(1024)),
    **mapping("/in", "/b/".ljust(1025, "t")),
)
edge(
    "Type of a mapping LINK",
    "FILE or DIRECTORY",
    broken("homeDirectoryMappings.1.member.type", "Member must satisfy enum value set: ..."),
    **mapping("/in", "/bucket/x", Type="LINK"),
)
edge("Policy of 2,048 characters", "<= 2048", DONE, Policy="{}".rjust(2048))
edge(
    "Policy of 2,049 characters",
    "<= 2048",
    broken("policy", at_most(2048)),
    Policy="{}".rjust(2049),
)
edge(
    "SshPublicKeyBody of 2,049 characters",
    "<= 2048",
    broken("sshPublicKeyBody", at_most(2048)),
    SshPublicKeyBody="ssh-rsa AAAA ".ljust(2049, "c"),
)
edge(
    "SshPublicKeyBody of two lines",
    "one key, one line",
    broken("sshPublicKeyBody", PATTERN),
    SshPublicKeyBody="ssh-ed25519 AAAA\nssh-ed25519 AAAA\n",
)
edge(
    "a PGP key",
    "an SSH key",
    broken("sshPublicKeyBody", PATTERN),
    SshPublicKeyBody="-----BEGIN PGP PUBLIC KEY BLOCK-----",
)
edge("50 tags", "1 to 50", DONE, Tags=[{"Key": f"k{each}", "Value": "v"} for each in range(50)])
edge(
    "51 tags",
    "1 to 50",
    broken("tags", at_most(50)),
    Tags=[{"Key": f"k{each}", "Value": "v"} for each in range(51)],
)
edge("no tag", "1 to 50", broken("tags", at_least(1)), Tags=[])


def rule(
    case: str, aws: str, source: str, message: str, /, chosen: str = "", **request: Any
) -> None:
    """A rule that the API's model does not hold: refused, in words AWS does not document."""

    @row(case, aws, source, "D", refused(message), words="U", chosen=chosen)
    def _ask(scene: Scene) -> Outcome:
        return create(scene, **request)


rule(
    "2,001 mappings",
    "2,000 for service-managed users",
    "TF-LOGICAL",
    "too many HomeDirectoryMappings: '2001' - 2000 are allowed",
    **mappings(2001),
)
rule(
    "Entry `/` beside another",
    "only one mapping if Entry is `/`",
    "TF-LOGICAL",
    "Entry '/' must be the only mapping - remove it or the others",
    HomeDirectoryType="LOGICAL",
    HomeDirectoryMappings=[
        {"Entry": "/", "Target": "/bucket/x"},
        {"Entry": "/in", "Target": "/bucket/y"},
    ],
)
rule(
    "Target that ends with a slash",
    "must not; UG2023: an authentication error at login",
    "TF-LOGICAL",
    "Target must not end with a slash: '/bucket/x/' - use /bucket/prefix",
    chosen="refused by CreateUser already, not by the login",
    **mapping("/in", "/bucket/x/"),
)
rule(
    "LOGICAL with a HomeDirectory that is no Entry",
    "must map to an Entry, validated at create",
    "TF-LOGICAL",
    "HomeDirectory is no Entry of the mappings: '/bucket/x' - with LOGICAL, name an Entry"
    " or leave it out",
    HomeDirectory="/bucket/x",
    **mapping("/in", "/bucket/x"),
)
rule(
    "LOGICAL without mappings",
    "needs them",
    "BOTO",
    "HomeDirectoryType 'LOGICAL' needs HomeDirectoryMappings - give at least one",
    HomeDirectoryType="LOGICAL",
)
rule(
    "PATH with mappings",
    "they are LOGICAL's",
    "BOTO",
    "HomeDirectoryMappings do not go with HomeDirectoryType 'PATH' - use LOGICAL",
    HomeDirectoryMappings=[{"Entry": "/in", "Target": "/bucket/x"}],
)
rule(
    "Policy that is no JSON",
    "JSON",
    "BOTO",
    "Policy is not JSON: 'Allow' (Expecting value: line 1 column 1 (char 0)) - mend it",
    Policy="Allow",
)


@row(
    "UpdateUser to a HomeDirectory that is no Entry",
    "validated at update",
    "TF-LOGICAL",
    "D",
    refused(
        "HomeDirectory is no Entry of the mappings: '/other' - with LOGICAL, name an Entry or leave"
        " it out"
    ),
    words="U",
)
def _update_home(scene: Scene) -> Outcome:
    user = scene.stage.user(None, **mapping("/in", "/bucket/x"))
    done = scene.call("update_user", UserName=user.name, HomeDirectory="/other")
    return Outcome(done.code, done.message)


@row(
    "UpdateUser",
    "leaves keys as they are: it takes none",
    "BOTO",
    "D",
    Outcome(found=("/b/other", 1)),
)
def _update_keeps_keys(scene: Scene) -> Outcome:
    user = scene.stage.user()
    scene.call("update_user", UserName=user.name, HomeDirectory="/b/other")
    described = scene.described(user.name)
    return Outcome(found=(described["HomeDirectory"], len(described["SshPublicKeys"])))


@row(
    "UpdateUser and a session that goes on",
    "nothing documented",
    "-",
    "U",
    Outcome(found=("file",)),
    chosen="home, role and policy of a session are those of its login",
)
def _update_session(scene: Scene) -> Outcome:
    user = scene.stage.user(HomeDirectory=f"/{scene.stage.bucket}/{scene.prefix}".rstrip("/"))
    client = scene.login(user)
    scene.call("update_user", UserName=user.name, HomeDirectory="/elsewhere")
    client.put("file")
    return Outcome(found=scene.stored())


@row(
    "DeleteUser and a session that goes on",
    "nothing documented",
    "-",
    "U",
    Outcome(found=("file",)),
    chosen="the session goes on until it ends",
)
def _delete_session(scene: Scene) -> Outcome:
    user = scene.stage.user(HomeDirectory=f"/{scene.stage.bucket}/{scene.prefix}".rstrip("/"))
    client = scene.login(user)
    scene.call("delete_user", UserName=user.name)
    client.put("file")
    return Outcome(found=scene.stored())


@row("ListUsers MaxResults 1,000", "1 to 1,000", "BOTO", "D", DONE)
def _most_results(scene: Scene) -> Outcome:
    return Outcome(scene.call("list_users", MaxResults=1000).code)


def _paging(case: str, aws: str, expected: Outcome, **request: Any) -> None:
    @row(case, aws, "BOTO", "D", expected, words=seen(expected))
    def _ask(scene: Scene) -> Outcome:
        done = scene.call("list_users", **request)
        return Outcome(done.code, done.message)


_VALUE = "Member must have value {} than or equal to {}"
_paging(
    "ListUsers MaxResults 0",
    "1 to 1,000",
    broken("maxResults", _VALUE.format("greater", 1)),
    MaxResults=0,
)
_paging(
    "ListUsers MaxResults 1,001",
    "1 to 1,000",
    broken("maxResults", _VALUE.format("less", 1000)),
    MaxResults=1001,
)
_paging(
    "ListUsers NextToken of 6,145 characters",
    "<= 6144",
    broken("nextToken", at_most(6144)),
    NextToken="n" * 6145,
)


@row("ListUsers: SshPublicKeyCount", "number of keys", "BOTO", "D", Outcome(found=1))
def _key_count(scene: Scene) -> Outcome:
    name = scene.stage.user().name
    pages = scene.stage.transfer.get_paginator("list_users").paginate(
        ServerId=scene.stage.environment.server_id
    )
    counts = {
        each["UserName"]: each["SshPublicKeyCount"] for page in pages for each in page["Users"]
    }
    return Outcome(found=counts[name])


SHEET.not_run(
    "HostKeyId `hostkey-[0-9a-f]{17}`",
    "of ImportHostKey, DescribeHostKey, ...",
    "BOTO",
    "D",
    "those operations answer 501 here",
    different="a server has one host key, its HostKey",
)
SHEET.not_run(
    "CloudFormation's SshPublicKeys", "a list", "CFNL", "D", "shown by the tests of the stack"
)
