"""What the role of stack/console.yaml allows, and what it does not."""

from __future__ import annotations

from functools import cache

import pytest

from tests.unit.rendered_stack import ACCOUNT, REGION, Stack
from tests.unit.role_table import Everybody, Row, role, rows, trusts

PARAMETERS = {
    "Environment": "prod",
    "ServerId": "s-0123456789abcdef0",
    "UserRoleArn": f"arn:aws:iam::{ACCOUNT}:role/users",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd",
}
CALLERS = {"console": role("ConsoleRole")}


@cache
def everybody(**changed: str) -> Everybody:
    return Everybody(Stack.of("console.yaml", {**PARAMETERS, **changed}), CALLERS)


@pytest.mark.parametrize("row", rows("console.yaml"), ids=lambda row: row.id)
def test_what_the_console_may_do(row: Row) -> None:
    decision = everybody().decide(row)
    assert ("allowed" if decision.allowed else "denied") == row.answer, row.why


def test_every_action_of_every_statement_is_in_the_table() -> None:
    assert everybody().untold(rows("console.yaml")) == set()


def test_without_a_key_of_ones_own_it_uses_none() -> None:
    asked = [row for row in rows("console.yaml") if row.action.startswith("kms:")]
    assert len(asked) >= 3
    assert not any(everybody(KmsKeyArn="").decide(row).allowed for row in asked)


def test_it_finds_an_instance_of_another_name_and_that_one_only() -> None:
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack"

    def found(name: str) -> bool:
        asked = Row("console", "cloudformation:DescribeStacks", f"{stack}/{name}/1", "", "", "")
        return everybody(StackName="drop").decide(asked).allowed

    assert [name for name in ("drop", "prod-quillgate-sftp", "drop-2") if found(name)] == ["drop"]


def test_only_lambda_may_act_as_it() -> None:
    stack = everybody().stack
    assert [name for name, _ in stack.resources("AWS::IAM::Role")] == ["ConsoleRole"]
    services = ("lambda.amazonaws.com", "apigateway.amazonaws.com", "ec2.amazonaws.com")
    found = [who for who in services if trusts(stack, "ConsoleRole", who)]
    assert found == ["lambda.amazonaws.com"]
