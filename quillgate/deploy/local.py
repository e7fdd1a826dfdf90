"""Deploys the production template onto an engine on this machine, with what it needs around it.

The parts AWS has and an engine has not are made here: Transfer's resources go to our control plane,
Quill's role is created, a bucket that outlived its stack is adopted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from quillgate.deploy import template as templates
from quillgate.deploy import transfer
from quillgate.deploy.addresses import ELASTIC_IP, Address, ensure
from quillgate.deploy.conditions import Template, evaluated
from quillgate.deploy.package import build_watchdog
from quillgate.deploy.split import is_split_output, split
from quillgate.deploy.stack import Stack
from quillgate.target import Client

ARTIFACTS_BUCKET = "quillgate-artifacts"
QUILL_ROLE = "quillgate-fake-quill"
# What is in a bucket's name between the stack's and the account's.
_BUCKETS = {"UploadsBucket": "", "LedgerBucket": "ledger-"}
_POLL_SECONDS = 0.05

# Short waits, so that an outage and its end can be watched; everything else is as in production.
LOCAL_PARAMETERS = {
    "Environment": "local",
    "TlsOnly": "false",
    "QuillTimeoutSeconds": "3",
    "RetryBaseSeconds": "1",
    "RetryMaxSeconds": "4",
    # Longer than evidence waits for a version: else what nobody waits for is a dead letter.
    "MaxReceiveCount": "20",
    "WatchdogTimeoutSeconds": "35",
    "QueueVisibilitySeconds": "40",
    "ConfigMaxAgeSeconds": "0",
    "SweepGraceSeconds": "60",
    # Whatever folder a route names for its stories; in production it is a convention.
    "StoriesPattern": "*",
}


@dataclass(frozen=True)
class Deployed:
    """A stack on a local engine."""

    stack_name: str
    outputs: dict[str, str]


def stack_name(template: Template, parameters: Mapping[str, str]) -> str:
    """The name of the instance these parameters describe, such as `local-quillgate-sftp`."""
    defaults = template["Parameters"]
    parts = ("Environment", "Platform", "Function")
    return "-".join(parameters.get(part, defaults[part].get("Default")) for part in parts)


def deploy(
    client: Client, repo: Path, parameters: Mapping[str, str], build: Path | None = None
) -> Deployed:
    """Create or update the stack; running it again with the same input changes nothing.

    The watchdog's package is made in the folder `build`, by default the checkout's.
    """
    template = templates.load(repo)
    templates.check_parameters(template, parameters)
    name = stack_name(template, parameters)
    template = templates.with_code(
        template, ARTIFACTS_BUCKET, _publish_watchdog(client("s3"), repo, build or repo / "build")
    )
    parts = split(template, parameters, name, _addresses(client, template, parameters, name))
    stack = Stack(client("cloudformation"), name, _POLL_SECONDS)
    stack.settle()
    if stack.has_failed_create():
        stack.remove_failed_create()
    if left := orphans(client, stack, name):
        stack.adopt_buckets(left)
    outputs = stack.execute(
        stack.plan(parts.rest, parameters, lambda body: _publish(client("s3"), body))
    )
    transfer.apply(client, name, parts.transfer, outputs)
    shown = {key: value for key, value in outputs.items() if not is_split_output(key)}
    return Deployed(name, shown)


def ensure_quill_role(iam: Any, account: str) -> str:
    """The role the fake Quill runs as, and its ARN. What it may do is the bucket's policy alone."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    try:
        iam.create_role(RoleName=QUILL_ROLE, AssumeRolePolicyDocument=document)
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=QUILL_ROLE, PolicyDocument=document)
    return quill_role_arn(account)


def quill_role_arn(account: str) -> str:
    """ARN of the fake Quill's role."""
    return f"arn:aws:iam::{account}:role/{QUILL_ROLE}"


def account_id(client: Client) -> str:
    """The engine's account."""
    return str(client("sts").get_caller_identity()["Account"])


def _publish_watchdog(s3: Any, repo: Path, build: Path) -> str:
    """Build the watchdog, store it, give its key; the same code has the same key."""
    package = build_watchdog(repo, build)
    try:
        s3.head_object(Bucket=ARTIFACTS_BUCKET, Key=package.key)
    except ClientError:
        s3.create_bucket(Bucket=ARTIFACTS_BUCKET)
        s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=package.key, Body=package.path.read_bytes())
    return package.key


def _addresses(
    client: Client, template: Template, parameters: Mapping[str, str], name: str
) -> dict[str, Address]:
    resources = evaluated(template, parameters)["Resources"].items()
    wanted = [logical_id for logical_id, it in resources if it["Type"] == ELASTIC_IP]
    return ensure(client("ec2"), name, wanted)


def _publish(s3: Any, body: str) -> str:
    """Store a template that is too large to be sent inline; gives its URL."""
    key = f"template-{hashlib.sha256(body.encode()).hexdigest()}.json"
    s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=key, Body=body.encode())
    return f"{s3.meta.endpoint_url}/{ARTIFACTS_BUCKET}/{key}"


def orphans(client: Client, stack: Stack, name: str) -> dict[str, str]:
    """Buckets of the instance `name` that outlived its stack, by logical id.

    A deleted stack leaves them; a killed engine keeps objects but forgets stacks.
    """
    if stack.exists():
        return {}
    account = account_id(client)
    buckets = {part: f"{name}-{middle}{account}" for part, middle in _BUCKETS.items()}
    return {part: bucket for part, bucket in buckets.items() if _is_there(client("s3"), bucket)}


def _is_there(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        return False
    return True
