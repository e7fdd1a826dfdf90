"""The four processes of the embedded environment: how each is started, where it listens.

    AWS engine     ministack with IAM enforced
    Transfer       the control plane and its SFTP servers
    Quill          the fake, which may do what the bucket's policy gives its role
    console        the web page for support staff and operators

Everything listens on 127.0.0.1 only.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from quillgate.deploy.local import quill_role_arn
from quillgate.ports import HOST, Ports
from quillgate.state import State

REGION = "us-east-1"
ACCOUNT = "000000000000"
ROOT_KEY = "test"
ENGINE = "AWS engine"

# -P: nothing that lies in the caller's folder is taken for a module.
_PYTHON = (sys.executable, "-P", "-m")
_ROOT = {
    "AWS_ACCESS_KEY_ID": ROOT_KEY,
    "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True)
class Part:
    """One process. `log` names its log; `health_url` answers 200 when it is ready."""

    name: str
    log: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    health_url: str


def url(port: int) -> str:
    """Where a part that listens on `port` is reached."""
    return f"http://{HOST}:{port}"


def all_parts(state: State, ports: Ports) -> tuple[Part, ...]:
    """In the order they are started; stopping goes the other way."""
    return (
        _engine(state, ports),
        _transfer(state, ports),
        _quill(state, ports),
        _console(state, ports),
    )


def _engine(state: State, ports: Ports) -> Part:
    environ = {
        **_ROOT,
        "AUTH": "true",
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": str(ports.engine),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        # Listeners of its own that nobody here uses.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(state.path("engine", "state")),
        "S3_DATA_DIR": str(state.path("engine", "s3")),
        # It unpacks functions there, and leaves them when it is killed.
        "TMPDIR": str(state.path("engine", "tmp")),
    }
    health_url = f"{url(ports.engine)}/_ministack/health"
    return Part(ENGINE, "engine", (*_PYTHON, "ministack"), environ, health_url)


def _transfer(state: State, ports: Ports) -> Part:
    options = {
        "--host": HOST,
        "--api-port": str(ports.transfer),
        "--sftp-port": str(ports.sftp),
        "--state": str(state.path("transfer")),
        "--account-id": ACCOUNT,
        "--region": REGION,
    }
    # The engine enforces IAM, but for a few of its rules: both must allow.
    command = (*_PYTHON, "emulator.transfer_service", *_words(options), "--enforce-policies")
    environ = {**_ROOT, "AWS_ENDPOINT_URL": url(ports.engine)}
    return Part("Transfer", "transfer", command, environ, f"{url(ports.transfer)}/health")


def _quill(state: State, ports: Ports) -> Part:
    options = {"--host": HOST, "--port": str(ports.quill), "--state": str(state.path("quill"))}
    environ = {
        **_ROOT,
        "AWS_ENDPOINT_URL": url(ports.engine),
        "QUILL_TOKEN": state.quill_token(),
        "QUILL_ROLE_ARN": quill_role_arn(ACCOUNT),
    }
    command = (*_PYTHON, "emulator.quill", *_words(options))
    return Part("Quill", "quill", command, environ, f"{url(ports.quill)}/_quill/health")


def _console(state: State, ports: Ports) -> Part:
    options = {
        "--environment": "embedded",
        "--state": str(state.folder),
        "--port": str(ports.console),
    }
    command = (*_PYTHON, "quillgate", "console", *_words(options))
    return Part("console", "console", command, {}, f"{url(ports.console)}/_console/health")


def _words(options: Mapping[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair]
