"""Deploys the production template to AWS as it stands, without SAM CLI.

The watchdog's package and a template too large to be sent inline are stored in a private bucket of
the account, `quillgate-artifacts-<account>-<region>`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from sftp_watchdog.errors import http_status

from quillgate.deploy import template as templates
from quillgate.deploy.conditions import Template
from quillgate.deploy.host_keys import HostKey
from quillgate.deploy.local import stack_name
from quillgate.deploy.package import Part, build, watchdog
from quillgate.deploy.stack import Plan, Stack
from quillgate.errors import DeployError
from quillgate.target import Client

_HOST_KEY = re.compile(r"HostKey\w+SecretArn")


def parameters(template: Template, stack: Stack, given: Mapping[str, str]) -> dict[str, str]:
    """What was given now, and what the stack has already; CloudFormation knows the rest."""
    kept = {
        name: value for name, value in stack.parameters().items() if name in template["Parameters"]
    }
    return {**kept, **given}


def stack_for(client: Client, repo: Path, given: Mapping[str, str], name: str | None) -> Stack:
    """The stack that is meant: `name`, or the one these parameters describe."""
    wanted = name or stack_name(templates.load(repo), given)
    return Stack(client("cloudformation"), wanted)


def plan(client: Client, region: str, repo: Path, given: Mapping[str, str], stack: Stack) -> Plan:
    """What a deploy would change. Stores the package, changes nothing else."""
    template = templates.load(repo)
    values = parameters(template, stack, given)
    templates.check_parameters(template, values)
    return stored_and_planned(client, region, template, values, watchdog(repo), stack)


def stored_and_planned(  # noqa: PLR0913, PLR0917 - what a plan is made of
    client: Client,
    region: str,
    template: Template,
    values: Mapping[str, str],
    part: Part,
    stack: Stack,
) -> Plan:
    """The plan for a template whose functions run `part`. Stores that, changes nothing else."""
    s3 = client("s3")
    bucket = _artifacts_bucket(s3, client("sts").get_caller_identity()["Account"], region)
    package = build(part, part.build)
    s3.put_object(Bucket=bucket, Key=package.key, Body=package.path.read_bytes())

    def publish(body: str) -> str:
        key = f"template-{hashlib.sha256(body.encode()).hexdigest()}.json"
        s3.put_object(Bucket=bucket, Key=key, Body=body.encode())
        return f"https://{bucket}.s3.{region}.amazonaws.com/{key}"

    return stack.plan(templates.with_code(template, bucket, package.key), values, publish)


def check_host_keys(stack: Stack, given: Mapping[str, str], keys: Sequence[HostKey]) -> None:
    """Raise DeployError when a server is to get its first host key of ours, or to lose the last.

    Of several keys of one type clients are shown the oldest, which would stay the server's own. And
    a server is made with a key of its own or without for good (`CreateWithHostKey`).
    """
    before = stack.parameters()
    after = {**before, **given, **{key.parameter: key.fingerprint for key in keys}}
    if not before or _has_host_key(before) == _has_host_key(after):
        return
    if _has_host_key(after):
        raise DeployError(
            "the server has host keys of its own",
            stack.name,
            "host keys are given when the stack is created: make another instance, or import them"
            " in AWS's console and delete the server's own there",
        )
    raise DeployError(
        "the server has no host key of its own",
        stack.name,
        "leave it one of those it was made with, at least: it cannot be given its own any more",
    )


def _has_host_key(parameters: Mapping[str, str]) -> bool:
    return any(value for name, value in parameters.items() if _HOST_KEY.fullmatch(name))


def _artifacts_bucket(s3: Any, account: str, region: str) -> str:
    """The bucket, made when missing: private, and encrypted as every bucket is."""
    bucket = f"quillgate-artifacts-{account}-{region}"
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if http_status(error) != 404:
            raise
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
    return bucket
