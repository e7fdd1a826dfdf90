"""Ways to a running environment, for the tests: HTTP, boto3 and SFTP, nothing of our packages."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import boto3
import paramiko
from botocore.config import Config
from paramiko.sftp import CMD_CLOSE

CONFIG_KEY = "watchdog.config"
CHANGED_MEANWHILE = ("PreconditionFailed", "ConditionalRequestConflict")
START_SECONDS = 180
# OpenSSH in the compose project learns of a new user within seconds, not at once.
FRESH_SECONDS = 30
# Lines of a log that are stored so late are seen all the same.
LATE_MILLISECONDS = 20_000
QUILLGATE = [sys.executable, "-m", "quillgate"]

# What the documentation tells an operator to give to users: see the template's test user.
HOME_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::${transfer:HomeBucket}",
                "Condition": {"StringLike": {"s3:prefix": "${transfer:HomeFolder}/*"}},
            },
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": "arn:aws:s3:::${transfer:HomeDirectory}/*",
            },
        ],
    }
)

NOT_YET = (AssertionError, OSError, KeyError, IndexError, ValueError)

T = TypeVar("T")
Sftp = paramiko.SFTPClient


@dataclass(frozen=True)
class NewUser:
    """A user of the stack's server; `home` is the key prefix, without slashes at its ends."""

    name: str
    home: str
    key: paramiko.PKey


def _identity(event: dict[str, Any]) -> object:
    """Not each engine's events have an eventId."""
    return event["logStreamName"], event["timestamp"], event["message"]


class Environment:
    """The object `quillgate up --json` prints, by attribute, and clients for it."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.users_made: list[tuple[str, str]] = []
        self._fresh: set[NewUser] = set()
        self._routes_made: list[bytes] = []
        self._clients: dict[object, Any] = {}
        self._logs: dict[str, dict[object, dict[str, Any]]] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError as error:
            raise AttributeError(name) from error

    def shows(self, fingerprint: str) -> bool:
        """Whether that is a host key of the server: with the old server's keys it has several."""
        known = self.values.get("host_key_fingerprints", [self.host_key_fingerprint])
        return fingerprint in known

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client with the environment's own keys, on AWS with the ordinary ones."""
        asked = (service, *config.items())
        if asked not in self._clients:
            self._clients[asked] = self._new_client(service, config)
        return self._clients[asked]

    def _new_client(self, service: str, config: dict[str, Any]) -> Any:
        endpoint = self.transfer_endpoint if service == "transfer" else self.aws_endpoint
        session = boto3.Session(self.access_key_id, self.secret_access_key, region_name=self.region)
        make: Any = session.client
        proxies: dict[str, Any] = {"proxies": {}} if endpoint else {}
        return make(service, endpoint_url=endpoint, config=Config(**config, **proxies))

    def s3_as(self, role_arn: str, **arguments: str) -> Any:
        """An S3 client with the role's credentials; `arguments` go to AssumeRole."""
        return self.session_as(role_arn, **arguments)("s3")

    def session_as(self, role_arn: str, **arguments: str) -> Callable[[str], Any]:
        """Clients with the role's credentials, by service; `arguments` go to AssumeRole."""
        sts = self.client("sts")
        keys = sts.assume_role(RoleArn=role_arn, RoleSessionName="test", **arguments)["Credentials"]
        make: Any = boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], self.region
        ).client
        return partial(make, endpoint_url=self.aws_endpoint, config=Config(proxies={}))

    def new_user(
        self, name: str | None = None, policy: str | None = HOME_POLICY, **arguments: Any
    ) -> NewUser:
        """Create a user with a new key. `arguments` go to CreateUser, over the defaults."""
        name = name or f"user-{uuid.uuid4().hex[:12]}"
        key = paramiko.ECDSAKey.generate()
        defaults = {
            "ServerId": self.server_id,
            "Role": self.user_role_arn,
            "HomeDirectory": f"/{self.bucket}/{name}",
        }
        request = {**defaults, **({"Policy": policy} if policy else {}), **arguments}
        if request.get("HomeDirectoryType") == "LOGICAL" and "HomeDirectory" not in arguments:
            del request["HomeDirectory"]
        self.client("transfer").create_user(
            UserName=name,
            SshPublicKeyBody=f"{key.get_name()} {key.get_base64()}",
            **request,
        )
        self.users_made.append((request["ServerId"], name))
        home = str(request.get("HomeDirectory", "")).lstrip("/").partition("/")[2]
        user = NewUser(name, home, key)
        if self.is_openssh and request["ServerId"] == self.server_id:
            self._fresh.add(user)
        return user

    @property
    def place(self) -> str:
        """The environment's name in tables of what differs: `compose` is OpenSSH on LocalStack."""
        other = self.environment == "compose" and not self.is_openssh
        return "localstack" if other else str(self.environment)

    @property
    def is_openssh(self) -> bool:
        """Whether SFTP is OpenSSH's, which has its own words and its own way to learn of users."""
        return bool(self.values.get("front_end") == "openssh")

    def words(self, ours: str, openssh: str = "Failure") -> str:
        """The words of a refusal: those of AWS, or those of OpenSSH where it serves."""
        return openssh if self.is_openssh else ours

    def add_route(self, text: str) -> None:
        """Add one `[[route]]` table to those in force, whoever else adds theirs too."""
        table = f"\n[[route]]\n{text}\n".encode()
        self._change_routes(lambda body: body + table)
        self._routes_made.append(table)

    def remove_routes(self) -> None:
        """Take out the routes added here, and nobody else's."""
        for table in self._routes_made:
            self._change_routes(partial(_without, table))

    def _change_routes(self, change: Callable[[bytes], bytes]) -> None:
        s3 = self.client("s3")
        while True:
            found = s3.get_object(Bucket=self.bucket, Key=CONFIG_KEY)
            body = change(found["Body"].read())
            try:
                s3.put_object(Bucket=self.bucket, Key=CONFIG_KEY, Body=body, IfMatch=found["ETag"])
            except s3.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in CHANGED_MEANWHILE:
                    raise
            else:
                return

    def routed_user(self, pattern: str = "*") -> NewUser:
        """A user whose files in `incoming` are for the project of the user's own name."""
        user = self.new_user()
        self.add_route(
            f'project = "{user.name}"\ndirectory = "{user.home}/incoming"\n'
            f'pattern = "{pattern}"\nstories = "{user.home}/outgoing"'
        )
        return user

    def watchdog_log(self) -> list[dict[str, Any]]:
        """The watchdog's own lines in CloudWatch Logs, oldest first."""
        return self.log_of("watchdog")

    def log_of(self, function: str) -> list[dict[str, Any]]:
        """The own lines of one of the stack's functions, oldest first."""
        texts = [
            event["message"]
            for event in self._log_events(f"/aws/lambda/{self.stack_name}-{function}")
        ]
        return [json.loads(line) for text in texts for line in text.splitlines() if line[:1] == "{"]

    def _log_events(self, group: str) -> list[dict[str, Any]]:
        """All events of a log group; those read before are not read again.

        ministack gives the first 10,000 since a time, and no token for the rest.
        """
        pages = self.client("logs").get_paginator("filter_log_events")
        known = self._logs.setdefault(group, {})
        while True:
            latest = max((event["timestamp"] for event in known.values()), default=0)
            found = pages.paginate(logGroupName=group, startTime=max(0, latest - LATE_MILLISECONDS))
            events = {_identity(event): event for page in found for event in page["events"]}
            if events.keys() <= known.keys():
                return sorted(known.values(), key=lambda event: int(event["timestamp"]))
            known.update(events)

    def restart_watchdog(self) -> None:
        """Its next run is in a new worker that remembers nothing, as after a deploy."""
        functions = self.client("lambda")
        name = f"{self.stack_name}-watchdog"
        variables = functions.get_function_configuration(FunctionName=name)["Environment"][
            "Variables"
        ]
        functions.update_function_configuration(
            FunctionName=name,
            Environment={"Variables": {**variables, "TEST_RUN": uuid.uuid4().hex}},
        )

    @property
    def the_test_user(self) -> NewUser:
        """The user that is there from the start."""
        key = paramiko.Ed25519Key.from_private_key_file(self.test_user_key)
        return NewUser(self.test_user, self.test_user, key)

    @contextlib.contextmanager
    def ssh(self, user: NewUser) -> Iterator[paramiko.Transport]:
        """A connection as the user, its host key checked by fingerprint."""
        with contextlib.closing(self._log_in(user)) as transport:
            yield transport

    def await_user(self, user: NewUser) -> None:
        """Wait until a user made here can log in: for clients that try only once."""
        if user in self._fresh:
            self._log_in(user).close()

    def _log_in(self, user: NewUser) -> paramiko.Transport:
        if user not in self._fresh:
            return self._connect(user)
        self._fresh.discard(user)
        not_yet = (paramiko.AuthenticationException,)
        return eventually(lambda: self._connect(user), FRESH_SECONDS, not_yet)

    def _connect(self, user: NewUser) -> paramiko.Transport:
        # Not left to paramiko: it forgets a socket that is refused.
        transport = paramiko.Transport(socket.create_connection((self.sftp_host, self.sftp_port)))
        try:
            transport.connect(username=user.name, pkey=user.key)
            assert self.shows(transport.get_remote_server_key().fingerprint)
        except BaseException:
            transport.close()
            raise
        return transport

    @contextlib.contextmanager
    def sftp(self, user: NewUser) -> Iterator[Sftp]:
        """A login as the user."""
        with self.ssh(user) as transport:
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            yield client


def _without(table: bytes, body: bytes) -> bytes:
    return body.replace(table, b"", 1)


def quillgate(
    *words: str, cwd: Path | None = None, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `quillgate` to its end, well or not."""
    return subprocess.run(
        [*QUILLGATE, *words], capture_output=True, text=True, cwd=cwd, input=stdin, check=False
    )


def waiting(environment: Environment, url: str) -> int:
    """Messages in a queue, in flight ones included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = environment.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(value) for value in answer["Attributes"].values())


def upload(environment: Environment, user: NewUser, path: str = "incoming/a.csv") -> str:
    """Put a small file as the user; gives its key."""
    with environment.sftp(user) as sftp:
        put(sftp, path, b"n\n1\n")
    return f"{user.home}/{path}"


def put(sftp: Sftp, path: str, content: bytes) -> None:
    """Upload; raises what CLOSE answers: S3 refuses there, and paramiko keeps it to itself."""
    file = sftp.open(path, "wb")
    file.write(content)
    file.flush()
    file._closed = True  # type: ignore[attr-defined]  # noqa: SLF001
    sftp._request(CMD_CLOSE, file.handle)  # type: ignore[attr-defined]  # noqa: SLF001


class Quill:
    """The fake Quill's control side."""

    def __init__(self, url: str) -> None:
        self._url = url

    def notifications(self, **query: str) -> list[dict[str, Any]]:
        return list(self._call("GET", f"notifications?{urllib.parse.urlencode(query)}")["items"])

    def notification(self, key: str) -> dict[str, Any]:
        """The only item of this key; fails when there is none yet or more than one."""
        items = self.notifications(key=key)
        assert len(items) == 1, f"{len(items)} items for {key!r}"
        return items[0]

    def accepted(self, key: str) -> dict[str, Any]:
        """The only item of this key, accepted and with its story; waits for that."""

        def told() -> dict[str, Any]:
            item = self.notification(key)
            assert item["status"] == "accepted", item
            assert item["story_key"], item
            return item

        return eventually(told)

    def order_fault(self, **fault: Any) -> None:
        self._call("POST", "faults", fault)

    def faults(self, project: str) -> list[dict[str, Any]]:
        return [
            each for each in self._call("GET", "faults")["items"] if each.get("project") == project
        ]

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self._url}/_quill/{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            return dict(json.load(response))


@dataclass(frozen=True)
class Running:
    """`quillgate up` as a child, and what it printed."""

    process: subprocess.Popen[str]
    environment: Environment
    state: Path


def stop_as_by_hand() -> None:
    """From now on SIGTERM and SIGHUP end the run as Ctrl-C does: what was started is stopped."""
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)


@contextlib.contextmanager
def start_environment(state: Path, *arguments: str) -> Iterator[Running]:
    """`quillgate up` on free ports; stopped by SIGTERM at the end, which must succeed."""
    with spawned(state, *arguments) as process:
        yield Running(process, read_environment(process), state)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


@contextlib.contextmanager
def spawned(state: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start `quillgate up` without waiting for it; killed at the end if it still runs.

    Its progress goes to a file in `state`.
    """
    state.mkdir(exist_ok=True)
    command = [*QUILLGATE, "up", "--ports", "auto", "--json", "--state", str(state), *arguments]
    with (state / "up.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_environment(process: subprocess.Popen[str]) -> Environment:
    """The line an `up` prints when it is ready."""
    assert process.stdout is not None
    # A start that hangs ends, and with it the wait for its line.
    patience = threading.Timer(START_SECONDS, process.kill)
    patience.start()
    line = process.stdout.readline()
    patience.cancel()
    assert line, f"quillgate up ended with {process.wait()}"
    return Environment(json.loads(line))


def get_json(url: str) -> dict[str, Any]:
    """The object that a GET answers with; OSError when there is no good answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as response:
        return dict(json.load(response))


def eventually(
    look: Callable[[], T],
    timeout_seconds: float = 180.0,
    not_yet: tuple[type[Exception], ...] = NOT_YET,
    pause_seconds: float = 0.05,
) -> T:
    """What `look` gives once it no longer raises; what it raised last when the time is over.

    Patient beyond the 40 s after which the queue gives back what a killed watchdog had taken, and
    beyond what a burst of the tests beside it takes LocalStack, on a slow machine as well.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            return look()
        except not_yet:
            if time.monotonic() > deadline:
                raise
        time.sleep(pause_seconds)
