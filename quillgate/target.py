"""Which environment a command is about, and the AWS clients for it.

The environment running from `./.quillgate` is meant, embedded or compose, unless another is named;
AWS never is, unless it is asked for by name.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from quillgate.direct import answers
from quillgate.errors import NotRunningError, TargetError
from quillgate.state import DEFAULT_STATE, running_pid, state_option

EnvironmentName = Literal["embedded", "compose", "aws"]
Client = Callable[[str], Any]


@dataclass(frozen=True)
class Environment:
    """What `environment.json` says: everything a script needs to use the environment.

    `pid` is that of `quillgate up`, None in compose; `test_user_key` an absolute path to a private
    key.
    """

    environment: str
    aws_endpoint: str
    transfer_endpoint: str
    sftp_host: str
    sftp_port: int
    host_key_fingerprint: str
    quill_url: str
    console_url: str | None
    region: str
    access_key_id: str
    secret_access_key: str
    stack_name: str
    bucket: str
    ledger_bucket: str
    server_id: str
    user_role_arn: str
    queue_url: str
    dead_letter_queue_url: str
    test_user: str
    test_user_key: str
    pid: int | None

    def to_json(self) -> str:
        """The object on one line, in the order of the interface."""
        return json.dumps(asdict(self))

    def exports(self) -> list[str]:
        """`export` lines for a shell."""
        values = {
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_ENDPOINT_URL_TRANSFER": self.transfer_endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "QUILL_URL": self.quill_url,
            "SFTP_HOST": self.sftp_host,
            "SFTP_PORT": str(self.sftp_port),
        }
        return [f"export {name}={shlex.quote(value)}" for name, value in values.items()]

    def client(self, service: str) -> Any:
        """A boto3 client for this environment, whatever the caller's own AWS settings are."""
        endpoint = self.transfer_endpoint if service == "transfer" else self.aws_endpoint
        return local_client(
            service, endpoint, self.region, self.access_key_id, self.secret_access_key
        )


def local_client(service: str, endpoint: str, region: str, key: str, secret: str) -> Any:
    """A boto3 client that knows these values only: no profile, no configuration file, no proxy."""
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)
    return boto3.Session(key, secret, region_name=region, botocore_session=session).client(
        service,  # type: ignore[call-overload]  # the service is decided by the caller
        endpoint_url=endpoint,
        config=Config(proxies={}, retries={"mode": "standard", "max_attempts": 5}),
    )


def environment_file(state: Path) -> Path:
    """Where `up` says how to reach what it has started."""
    return state / "environment.json"


def compose_file(state: Path) -> Path:
    """Where the compose project's `deploy` says how to reach it; it outlives the project."""
    return state / "compose.json"


def load(state: Path, name: EnvironmentName | None = None) -> Environment:
    """The environment that runs from `state`: the one named, else the only one.

    Raises TargetError when there is none, or one has to be named.
    """
    compose = None if name == "embedded" else _running_compose(state)
    is_embedded = name != "compose" and running_pid(state) is not None
    if compose and is_embedded:
        raise TargetError("two run from", str(state), "name one: --environment embedded|compose")
    if not compose and not is_embedded:
        raise NotRunningError(
            "no environment is running from", str(state), _way_to_one(state, name)
        )
    return compose or _read(environment_file(state))


def _read(path: Path) -> Environment:
    try:
        return Environment(**json.loads(path.read_text()))
    except FileNotFoundError as error:
        raise NotRunningError(
            "not ready yet", str(path.parent), "wait until `up` says so"
        ) from error
    except (ValueError, TypeError) as error:
        raise TargetError("not readable", str(path), f"remove it and restart ({error})") from error


def _running_compose(state: Path) -> Environment | None:
    """The compose project whose `deploy` wrote here, if what answers there is still that one."""
    path = compose_file(state)
    if not path.exists():
        return None
    found = _read(path)
    return found if _is_itself(found) else None


def _is_itself(found: Environment) -> bool:
    """Told by the host key: any other environment may have the same ports and names by now."""
    if not answers(f"{found.transfer_endpoint}/health"):
        return False
    try:
        answer = found.client("transfer").describe_server(ServerId=found.server_id)
    except (BotoCoreError, ClientError):
        return False
    return bool(answer["Server"].get("HostKeyFingerprint") == found.host_key_fingerprint)


def _way_to_one(state: Path, name: EnvironmentName | None) -> str:
    up = f"quillgate up{state_option(state)}"
    return f"start one: {'docker compose up --wait' if name == 'compose' else up}"


@dataclass(frozen=True)
class Address:
    """Where SFTP clients connect to."""

    host: str
    port: int


@dataclass(frozen=True)
class Described:
    """A stack as CloudFormation has it: outputs and parameters by name; NoEcho ones are masked."""

    outputs: dict[str, str]
    parameters: dict[str, str]


@dataclass(frozen=True)
class Target:
    """A deployed stack and how to talk to its services.

    `sftp` is where its server listens on this machine; None: where the stack's outputs say.
    """

    environment: str
    stack_name: str
    client: Client
    sftp: Address | None = None

    @property
    def title(self) -> str:
        """What to call it before people."""
        return f"{self.environment}, stack {self.stack_name}"

    def caller(self) -> str:
        """Whose credentials are used: the ARN of a user or role."""
        return str(self.client("sts").get_caller_identity()["Arn"])

    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name. Raises TargetError when there is no such stack."""
        return self.described().outputs

    def parameters(self) -> dict[str, str]:
        """The values the stack was deployed with; NoEcho ones are masked."""
        return self.described().parameters

    def described(self) -> Described:
        """Both, for one request. Raises TargetError when there is no such stack."""
        found = self._stack()
        return Described(
            {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])},
            {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", [])},
        )

    def reachable(self, queue_url: str) -> str:
        """A queue's URL as it is used from here."""
        if self.environment == "aws":
            return queue_url
        return at_endpoint(self.client("sqs").meta.endpoint_url, queue_url)

    def _stack(self) -> dict[str, Any]:
        client = self.client("cloudformation")
        try:
            (stack,) = client.describe_stacks(StackName=self.stack_name)["Stacks"]
        except client.exceptions.ClientError as error:
            raise TargetError(
                f"no stack on {self.environment}",
                self.stack_name,
                f"name one with --stack ({error})",
            ) from error
        return dict(stack)


def at_endpoint(endpoint: str, url: str) -> str:
    """The same path at the endpoint: an engine in a container calls itself by another name."""
    return f"{endpoint}{urlsplit(url).path}"


def find(
    environment: EnvironmentName | None, stack: str | None, state: Path = DEFAULT_STATE
) -> Target:
    """The target of a command's `--environment` and `--stack`."""
    if environment != "aws":
        found = load(state, environment)
        sftp = Address(found.sftp_host, found.sftp_port)
        return Target(found.environment, stack or found.stack_name, found.client, sftp)
    if not stack:
        raise TargetError("no stack named on", "aws", "name it: --stack NAME")
    # As locally: Transfer slows down whoever changes many users, and says nothing to wait for.
    patient = Config(retries={"mode": "standard", "max_attempts": 8})
    return Target("aws", stack, cast(Client, partial(aws_session().client, config=patient)))


def aws_session() -> boto3.Session:
    """The caller's own AWS profile. Raises TargetError when it leads to this machine instead."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1"):
        raise TargetError(
            "that is not aws: AWS_ENDPOINT_URL", endpoint, "unset it, or use another shell"
        )
    session = boto3.Session()
    if not session.region_name:
        raise TargetError("no region for", "aws", "set AWS_REGION, or a region in your profile")
    return session
