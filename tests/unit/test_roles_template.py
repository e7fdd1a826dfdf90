"""What each role and policy of stack/template.yaml allows, and what it does not."""

from __future__ import annotations

from functools import cache

import pytest

from emulator.files.policies.document import parse
from emulator.files.policies.principal import Principal
from emulator.files.policy import session_policy
from emulator.transfer.model import User
from tests.unit.rendered_stack import ACCOUNT, REGION, Stack
from tests.unit.role_table import (
    Caller,
    Everybody,
    Row,
    attached,
    role,
    rows,
    service,
    somebody,
    trusts,
)

QUILL = f"arn:aws:iam::{ACCOUNT}:role/quill"
PARAMETERS = {
    "Environment": "prod",
    "QuillPrincipalArn": QUILL,
    "TestUserPublicKey": "ssh-ed25519 AAAA",
    "SubnetIds": "subnet-1",
    "SecurityGroupIds": "sg-1",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd",
}


def acme(stack: Stack) -> Caller:
    """A customer: the users' role, narrowed by the session policy that the template has."""
    home = stack.arn("UploadsBucket").rpartition(":")[2] + "/acme"
    policy = stack.properties("TestUser")["Policy"]
    user = User("s-1", "acme", "arn", "role", home_directory=f"/{home}", policy=policy)
    narrowed = parse("session policy", session_policy(user) or "")
    own = role("UserRole")(stack).own
    return Caller(Principal(stack.arn("UserRole"), "acme.0@s-1"), own, narrowed)


CALLERS = {
    "any user": role("UserRole"),
    "acme": acme,
    "watchdog": role("WatchdogRole"),
    "sweep": role("SweepRole"),
    "Quill": somebody(QUILL),
    "stranger": somebody("arn:aws:iam::210987654321:role/stranger"),
    "colleague": somebody(f"arn:aws:iam::{ACCOUNT}:role/colleague"),
    "log reader": attached("LogReaderPolicy"),
    "S3": service("s3.amazonaws.com"),
    "EventBridge": service("events.amazonaws.com"),
    "CloudWatch": service("cloudwatch.amazonaws.com"),
}


@cache
def everybody() -> Everybody:
    return Everybody(Stack.of("template.yaml", PARAMETERS), CALLERS)


@pytest.mark.parametrize("row", rows("template.yaml"), ids=lambda row: row.id)
def test_who_may_do_what(row: Row) -> None:
    decision = everybody().decide(row)
    assert ("allowed" if decision.allowed else "denied") == row.answer, row.why


def test_every_action_of_every_statement_is_in_the_table() -> None:
    assert everybody().untold(rows("template.yaml")) == set()


def test_the_table_would_notice() -> None:
    """With the lines about the queue taken out, the statements about it are missed."""
    without = [row for row in rows("template.yaml") if "sqs:" not in row.action]
    missed = {label for _, label, _ in everybody().untold(without)}
    assert missed == {
        "TakeUploadsFromTheQueue",
        "PutUploadsBack",
        "EventsFromTheBucket",
        "EventsFromTransfer",
    }


def test_without_a_vpc_the_watchdog_makes_no_network_interfaces() -> None:
    outside = Everybody(
        Stack.of("template.yaml", {**PARAMETERS, "SubnetIds": "", "SecurityGroupIds": ""}), CALLERS
    )
    asked = [row for row in rows("template.yaml") if row.action.startswith("ec2:")]
    assert len(asked) >= 6
    assert not any(outside.decide(row).allowed for row in asked)


def test_without_quills_arn_the_bucket_gives_nothing_to_anybody() -> None:
    stack = Stack.of("template.yaml", {**PARAMETERS, "QuillPrincipalArn": ""})
    [statement] = stack.properties("UploadsBucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"


TRUSTED = [
    ("UserRole", "transfer.amazonaws.com"),
    ("WatchdogRole", "lambda.amazonaws.com"),
    ("SweepRole", "lambda.amazonaws.com"),
]


def test_each_role_has_its_service() -> None:
    stack = everybody().stack
    assert {name for name, _ in stack.resources("AWS::IAM::Role")} == {name for name, _ in TRUSTED}


@pytest.mark.parametrize(("name", "service"), TRUSTED)
def test_only_its_service_may_act_as_a_role(name: str, service: str) -> None:
    stack = everybody().stack
    server = stack.properties("TestUser")["ServerId"]
    keys = {
        "aws_sourceaccount": ACCOUNT,
        "aws_sourcearn": f"arn:aws:transfer:{REGION}:{ACCOUNT}:user/{server}/acme",
    }
    services = {who for _, who in TRUSTED} | {"ec2.amazonaws.com", "s3.amazonaws.com"}
    assert [who for who in services if trusts(stack, name, who, **keys)] == [service]


@pytest.mark.parametrize(
    ("account", "user"),
    [
        ("210987654321", "{account}:user/{server}/acme"),
        (ACCOUNT, "{account}:user/s-another/acme"),
        (ACCOUNT, "{account}:server/{server}"),
    ],
    ids=["another account", "a user of another server", "no user"],
)
def test_transfer_acts_as_a_customer_for_users_of_this_server_only(account: str, user: str) -> None:
    stack = everybody().stack
    server = stack.properties("TestUser")["ServerId"]
    arn = f"arn:aws:transfer:{REGION}:" + user.format(account=account, server=server)
    assert not trusts(
        stack, "UserRole", "transfer.amazonaws.com", aws_sourceaccount=account, aws_sourcearn=arn
    )
