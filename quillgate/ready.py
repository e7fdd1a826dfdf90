"""What follows a deploy, wherever the stack runs: first files, the watchdog's start, the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sftp_watchdog.errors import http_status
from sftp_watchdog.names import CONFIG_KEY

from quillgate.deploy import local
from quillgate.deploy.local import Deployed
from quillgate.operate.queues import depth
from quillgate.parts import ACCOUNT, REGION, ROOT_KEY
from quillgate.ports import HOST
from quillgate.state import TEST_USER, State
from quillgate.target import Client, Environment, at_endpoint

FIRST_ROUTES = f"""\
# Which upload goes to which project. `quillgate routes push FILE` checks a file and stores it here.
[[route]]
project   = "demo"
directory = "{TEST_USER}/incoming"
stories   = "{TEST_USER}/outgoing"
"""


@dataclass(frozen=True)
class Endpoints:
    """Where people on this machine reach the environment named so: URLs, and the SFTP port."""

    environment: str
    aws: str
    transfer: str
    sftp_port: int
    quill: str
    console: str


def stack_parameters(
    state: State, quill_url: str, quill_token: str, given: Mapping[str, str]
) -> dict[str, str]:
    """What the stack is deployed with: ours, then what was given now or on an earlier run."""
    return {
        **local.LOCAL_PARAMETERS,
        "QuillUrl": quill_url,
        "QuillToken": quill_token,
        "QuillPrincipalArn": local.quill_role_arn(ACCOUNT),
        "TestUserPublicKey": state.test_user_public_key(),
        **state.parameters(given),
    }


def store_first_files(s3: Any, bucket: str) -> bool:
    """Store routes and the test user's folders; False when there are routes already."""
    try:
        s3.head_object(Bucket=bucket, Key=CONFIG_KEY)
    except s3.exceptions.ClientError as error:
        if http_status(error) != 404:
            raise
        s3.put_object(Bucket=bucket, Key=CONFIG_KEY, Body=FIRST_ROUTES.encode())
        for folder in ("incoming", "outgoing"):
            s3.put_object(Bucket=bucket, Key=f"{TEST_USER}/{folder}/")
        return True
    return False


def is_drained(sqs: Any, queue_url: str) -> bool:
    """Whether the watchdog has taken all events: after the first ones it has started well."""
    return depth(sqs, queue_url).total == 0


def describe(
    client: Client,
    deployed: Deployed,
    endpoints: Endpoints,
    test_user_key: Path,
    pid: int | None,
) -> Environment:
    """Everything a script needs to use what was deployed."""
    out = deployed.outputs
    server = client("transfer").describe_server(ServerId=out["ServerId"])["Server"]
    return Environment(
        environment=endpoints.environment,
        aws_endpoint=endpoints.aws,
        transfer_endpoint=endpoints.transfer,
        sftp_host=HOST,
        sftp_port=endpoints.sftp_port,
        host_key_fingerprint=server["HostKeyFingerprint"],
        quill_url=endpoints.quill,
        console_url=endpoints.console,
        region=REGION,
        access_key_id=ROOT_KEY,
        secret_access_key=ROOT_KEY,
        stack_name=deployed.stack_name,
        bucket=out["BucketName"],
        ledger_bucket=out["LedgerBucketName"],
        server_id=out["ServerId"],
        user_role_arn=out["UserRoleArn"],
        queue_url=at_endpoint(endpoints.aws, out["QueueUrl"]),
        dead_letter_queue_url=at_endpoint(endpoints.aws, out["DeadLetterQueueUrl"]),
        test_user=TEST_USER,
        test_user_key=str(test_user_key),
        pid=pid,
    )
