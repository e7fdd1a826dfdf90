"""The suite's `--environment aws`, pointed at the environment at hand by boto3's own variables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.support import Environment

# Expects of two rows what no server does: a status that is none, and a check that cannot end well.
CONTRADICTIONS = """
from dataclasses import replace
from tests.integration.conformance import operations
from tests.integration.conformance.row import Outcome

def contradicted(row):
    if row.case == "pwd":
        return replace(row, expected=Outcome(7))
    return replace(row, observe=lambda scene: 1 / 0) if row.case == "cd" else row

operations.SHEET.rows[:] = map(contradicted, operations.SHEET.rows)
"""

pytestmark = pytest.mark.embedded
Suite = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def suite(environment: Environment, tmp_path: Path) -> Suite:
    """Run the suite as a child, on what stands in for AWS."""
    variables = {
        "AWS_ENDPOINT_URL": environment.aws_endpoint,
        "AWS_ENDPOINT_URL_TRANSFER": environment.transfer_endpoint,
        "AWS_ACCESS_KEY_ID": environment.access_key_id,
        "AWS_SECRET_ACCESS_KEY": environment.secret_access_key,
        "AWS_DEFAULT_REGION": environment.region,
        "SFTP_HOST": environment.sftp_host,
        "SFTP_PORT": str(environment.sftp_port),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(tmp_path),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
        command += ["--environment", "aws", *arguments]
        return subprocess.run(
            command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )

    return run


def test_differences_are_told_and_only_documented_ones_fail(
    suite: Suite, environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "contradictions.py").write_text(CONTRADICTIONS)
    environment.new_user("nobody")  # a row deletes a user that is not there: not this one
    before = _left(environment)
    rows = "cd or pwd or (line and break) or (ServerId and another) or delete_user"
    plugin = ("-p", "contradictions")
    done = suite("tests/integration", *plugin, "--stack", environment.stack_name, "-k", rows)
    assert "AWS differs from the fidelity table: 3; settled: 0" in done.stdout, done.stdout
    assert "    expected  7" in done.stdout
    assert "check ended early \"ZeroDivisionError('division by zero')\"" in done.stdout
    assert "    expected  done, found: ('a\\nb',)" in done.stdout
    assert '    AWS       3 "Permission denied", found: ()' in done.stdout
    assert "that stop, start or change parts of their environment" in done.stdout
    assert " failed" not in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert _left(environment) == before


def test_without_a_stack_it_says_what_is_missing(suite: Suite) -> None:
    done = suite("tests/integration/conformance")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--environment aws needs a stack - name it: --stack NAME" in done.stderr


def test_a_stack_that_is_not_there_is_named(suite: Suite) -> None:
    done = suite("tests/integration/conformance", "--stack", "nowhere")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no such stack: 'nowhere'" in done.stdout + done.stderr


def _left(environment: Environment) -> list[str]:
    """Buckets, roles, queues and users there are."""
    buckets = environment.client("s3").list_buckets()["Buckets"]
    roles = environment.client("iam").list_roles()["Roles"]
    queues = environment.client("sqs").list_queues().get("QueueUrls", [])
    pages = (
        environment.client("transfer")
        .get_paginator("list_users")
        .paginate(ServerId=environment.server_id)
    )
    users = [user["UserName"] for page in pages for user in page["Users"]]
    names = [each.get("Name") or each["RoleName"] for each in [*buckets, *roles]]
    return sorted([*names, *queues, *users])
