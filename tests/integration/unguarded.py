"""An AWS engine that lets everybody do everything, and a Transfer service that does not.

It stands for LocalStack, which enforces no IAM: the same engine as ever, with that switched off.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.integration.support import Environment, eventually, get_json
from tests.integration.transfer_process import free_ports

REGION = "us-east-1"
ROUTES = b"[[route]]\n"


@contextlib.contextmanager
def start_unguarded(folder: Path) -> Iterator[Environment]:
    """Engine and Transfer service with a bucket, a role and a server, as the stack has them."""
    engine, api, sftp = free_ports(3)
    with contextlib.ExitStack() as children:
        children.enter_context(_engine(folder, engine))
        children.enter_context(_transfer(folder, engine, api, sftp))
        environment = Environment(
            {
                "aws_endpoint": f"http://127.0.0.1:{engine}",
                "transfer_endpoint": f"http://127.0.0.1:{api}",
                "sftp_host": "127.0.0.1",
                "sftp_port": sftp,
                "region": REGION,
                "access_key_id": "test",
                "secret_access_key": "test",
                "bucket": f"unguarded-{uuid.uuid4().hex[:8]}",
            }
        )
        eventually(lambda: get_json(f"{environment.aws_endpoint}/_ministack/health"), 60)
        eventually(lambda: get_json(f"{environment.transfer_endpoint}/health"), 60)
        _fill(environment)
        yield environment


def _fill(environment: Environment) -> None:
    s3, bucket = environment.client("s3"), environment.bucket
    for name in (bucket, "quillgate-artifacts"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="watchdog.config", Body=ROUTES)
    server = environment.client("transfer").create_server()["ServerId"]
    described = environment.client("transfer").describe_server(ServerId=server)["Server"]
    environment.values |= {
        "user_role_arn": _role(environment.client("iam"), bucket),
        "server_id": server,
        "host_key_fingerprint": described["HostKeyFingerprint"],
    }
    ports = f"{environment.transfer_endpoint}/_quillgate/ports"
    eventually(lambda: get_json(ports)[server])


def _role(iam: Any, bucket: str) -> str:
    """One policy attached and one inline, so that both are read."""
    trust = _policy(Principal={"Service": "transfer.amazonaws.com"}, Action="sts:AssumeRole")
    role = iam.create_role(RoleName="user", AssumeRolePolicyDocument=trust)["Role"]
    arn = f"arn:aws:s3:::{bucket}"
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    files = iam.create_policy(
        PolicyName="files", PolicyDocument=_policy(Action=objects, Resource=f"{arn}/*")
    )
    iam.attach_role_policy(RoleName="user", PolicyArn=files["Policy"]["Arn"])
    inline = {
        "list": _policy(Action="s3:ListBucket", Resource=arn),
        "routes": _policy(Effect="Deny", Action="s3:*", Resource=f"{arn}/watchdog.config"),
    }
    for name, document in inline.items():
        iam.put_role_policy(RoleName="user", PolicyName=name, PolicyDocument=document)
    return str(role["Arn"])


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _engine(folder: Path, port: int) -> contextlib.AbstractContextManager[None]:
    environ = {
        "AUTH": "false",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "TMPDIR": str(folder),
    }
    return _child(["ministack"], environ, folder / "engine.log")


def _transfer(
    folder: Path, engine: int, api: int, sftp: int
) -> contextlib.AbstractContextManager[None]:
    options = ["--state", str(folder), "--api-port", str(api), "--sftp-port", str(sftp)]
    environ = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{engine}"}
    command = ["emulator.transfer_service", "--enforce-policies", *options]
    return _child(command, environ, folder / "transfer.log")


@contextlib.contextmanager
def _child(command: list[str], environ: Mapping[str, str], log: Path) -> Iterator[None]:
    ours = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "NO_PROXY": "*"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, **ours, "AWS_DEFAULT_REGION": REGION, **environ},
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
