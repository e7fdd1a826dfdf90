"""OpenSSH on a bucket of ministack, mounted with s3fs."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager

from benchmarks.server import Server
from benchmarks.servers.ministack import ACCESS, BUCKET, Engine
from benchmarks.servers.mounting import FileSystem, sshd_on
from benchmarks.servers.shop import Shop


def s3fs(shop: Shop, engine: Engine) -> AbstractContextManager[Server]:
    """Serve its mount."""
    options = f"url={engine.url},endpoint={ACCESS['AWS_DEFAULT_REGION']},use_path_request_style"
    command = [shutil.which("s3fs") or "s3fs", BUCKET, "MOUNTPOINT", "-f", "-o", options]
    # s3fs has names of its own for AWS's variables.
    environ = {"AWSACCESSKEYID": "test", "AWSSECRETACCESSKEY": "test"}
    return sshd_on(shop, engine, FileSystem("s3fs", command, environ))
