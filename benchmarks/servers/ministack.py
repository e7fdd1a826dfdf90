"""ministack's own SFTP, and its S3 for those that stand on it.

Its SFTP goes past its S3 API: a file is kept in memory until it is closed. It runs without IAM,
versions, events and files on disk, all of which the engine behind ours has.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.server import Server
from benchmarks.servers.shop import Shop
from quillgate.ports import HOST
from tests.integration.transfer_process import free_ports

BUCKET = "peers"
ACCESS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass(frozen=True)
class Engine:
    """Its S3 endpoint, its process, and its own SFTP as one of those compared."""

    url: str
    pid: int
    sftp: Server


def start_ministack(shop: Shop) -> Engine:
    """Start it, with a bucket and a user whose home that is."""
    port, sftp_port = free_ports(2)
    environ = {
        **ACCESS,
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "SFTP_HOST": HOST,
        "SFTP_PORT": str(sftp_port),
        "SFTP_ENABLED": "1",
        "IOT_MTLS_ENABLED": "0",
        "TMPDIR": str(shop.folder),
    }
    child = shop.start("ministack", [sys.executable, "-P", "-m", "ministack"], port, environ)
    url = f"http://{HOST}:{port}"
    _client(url, "s3").create_bucket(Bucket=BUCKET)
    user = make_user(url, shop.public_key.read_text())
    seed = partial(seed_bucket, _client(url, "s3"), BUCKET)
    processes = {"ministack": child.group}
    sftp = Server("ministack", sftp_port, user, shop.client_key, processes, seed)
    return Engine(url, child.group, sftp)


def seed_bucket(s3: Any, bucket: str, folder: str, count: int) -> None:
    """Put `count` empty objects into a folder, and its marker."""
    keys = [f"{folder}/", *(f"{folder}/{number:05}.csv" for number in range(count))]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: s3.put_object(Bucket=bucket, Key=key), keys))


def make_user(url: str, public_key: str) -> str:
    """Make a server, and a user whose home is the bucket; gives the user's name."""
    transfer = _client(url, "transfer")
    server_id = transfer.create_server(IdentityProviderType="SERVICE_MANAGED")["ServerId"]
    transfer.create_user(
        ServerId=server_id,
        UserName="bench",
        Role="arn:aws:iam::000000000000:role/anyone",
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=[{"Entry": "/", "Target": f"/{BUCKET}"}],
        SshPublicKeyBody=public_key.strip(),
    )
    return "bench"


def _client(url: str, service: str) -> Any:
    session: Any = boto3.Session("test", "test", region_name=ACCESS["AWS_DEFAULT_REGION"])
    return session.client(service, endpoint_url=url, config=Config(proxies={}))
