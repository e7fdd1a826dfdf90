"""What a whole conformance run shares: a bucket, its events and a role of its own, and logins.

The bucket is not the stack's: nothing done here is an upload that the watchdog must tell of, and
when it is deleted at the end, all files are.
"""

from __future__ import annotations

import contextlib
import json
import socket
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import Any

import paramiko
from botocore.exceptions import ClientError

from tests.integration.conformance.events import PATIENCE_SECONDS, Events
from tests.integration.raw_sftp import RawSftp
from tests.integration.support import HOME_POLICY, Environment, NewUser, eventually

WATCHED = "event-"  # folders of rows that look at events; the others' would only be in the way
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}
TRANSFER = {"Service": "transfer.amazonaws.com"}


def document(*statements: Mapping[str, object]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Stage:
    """Use as a context manager: what was made is gone in the end, whatever happened."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.name = f"quillgate-conformance-{uuid.uuid4().hex[:12]}"
        self._made = ExitStack()
        self._servers: dict[str, tuple[str, int]] = {}
        self._session: RawSftp | None = None
        self._rows = 0

    def __enter__(self) -> Stage:
        try:
            self._set_up()
        except BaseException:
            self._made.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._made.close()

    @cached_property
    def s3(self) -> Any:
        return self.environment.client("s3")

    @cached_property
    def transfer(self) -> Any:
        """The API without boto3's own checks: what is wrong must be refused by the service."""
        return self.environment.client("transfer", parameter_validation=False)

    @property
    def bucket(self) -> str:
        return self.name

    @cached_property
    def home_user(self) -> NewUser:
        """The user most rows are seen by: a PATH home and the policy that users are given."""
        return self.user()

    def user(self, policy: str | None = HOME_POLICY, **arguments: Any) -> NewUser:
        """A user of the stack's server with a home in this bucket; deleted in the end."""
        name = f"conform-{uuid.uuid4().hex[:12]}"
        home = {} if "HomeDirectoryType" in arguments else {"HomeDirectory": f"/{self.name}/{name}"}
        request = {"Role": self.role, "ServerId": self.environment.server_id, **home, **arguments}
        user = self.environment.new_user(name, policy, **request)
        self._made.callback(self.delete_user, request["ServerId"], name)
        return user

    def create_user(self, **request: Any) -> Any:
        """CreateUser as it is asked for; the user is deleted in the end."""
        answer = self.transfer.create_user(**request)
        self._made.callback(self.delete_user, request["ServerId"], request["UserName"])
        return answer

    def delete_user(self, server_id: str, name: str) -> None:
        with contextlib.suppress(self.transfer.exceptions.ResourceNotFoundException):
            self.transfer.delete_user(ServerId=server_id, UserName=name)

    @contextlib.contextmanager
    def connection(self, user: NewUser, port: int | None = None) -> Iterator[paramiko.Transport]:
        """A connection as the user; by default to the stack's server, its host key checked."""
        if port is None:
            with self.environment.ssh(user) as transport:
                yield transport
            return
        address = (self.environment.sftp_host, port)
        with contextlib.closing(paramiko.Transport(socket.create_connection(address))) as transport:
            transport.start_client(timeout=PATIENCE_SECONDS)
            transport.auth_publickey(user.name, user.key)
            yield transport

    def home_session(self) -> RawSftp:
        """The login that most rows share; another one when an odd packet has cost the last."""
        if self._session is None or self._session.is_over:
            transport = self._made.enter_context(self.connection(self.home_user))
            self._session = RawSftp(transport)
        return self._session

    def server(self, **settings: Any) -> tuple[str, int]:
        """A server of our own with these settings, and its port. Not on AWS: that takes minutes."""
        asked = json.dumps(settings)
        if asked not in self._servers:
            self._servers[asked] = self.new_server(**settings)
        return self._servers[asked]

    def new_server(self, **settings: Any) -> tuple[str, int]:
        """A server that no other row uses."""
        server_id = self.transfer.create_server(**settings)["ServerId"]
        self._made.callback(self.transfer.delete_server, ServerId=server_id)
        return server_id, eventually(lambda: self._port(server_id))

    def new_folder(self, area: str) -> str:
        """A folder that no other row uses; its name begins with the first word of the area."""
        self._rows += 1
        return f"{area.split(maxsplit=1)[0]}-{self._rows:03}"

    def make_role(self, *statements: Mapping[str, object], trusted: object = None) -> str:
        """A role with these rights, for Transfer to assume; gives its ARN."""
        iam = self.environment.client("iam")
        name = f"{self.name}-{uuid.uuid4().hex[:6]}"
        trust = document({**TRUST, "Principal": trusted or TRANSFER})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self._made.callback(iam.delete_role, RoleName=name)
        iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=document(*statements))
        self._made.callback(iam.delete_role_policy, RoleName=name, PolicyName="s3")
        return str(arn)

    def _set_up(self) -> None:
        self.s3.create_bucket(Bucket=self.name, **self._constraint())
        # The last sessions end now: what they had open is stored in the server's own time.
        self._made.callback(eventually, self._drop_bucket, PATIENCE_SECONDS, (ClientError,))
        anything = {"Effect": "Allow", "Action": "s3:*"}
        bucket = f"arn:aws:s3:::{self.name}"
        self.role = self.make_role({**anything, "Resource": [bucket, f"{bucket}/*"]})
        eventually(self._log_in_once, PATIENCE_SECONDS)
        home = f"{self.home_user.home}/{WATCHED}"
        self.events = Events(self.environment, self.bucket, home)
        self._made.callback(self.events.close)

    def _log_in_once(self) -> None:
        """A new role is not known everywhere at once."""
        try:
            with self.connection(self.home_user) as transport:
                RawSftp(transport)
        except (ClientError, paramiko.SSHException, EOFError) as error:
            raise AssertionError(str(error)) from error

    def _constraint(self) -> dict[str, Any]:
        region = self.environment.region
        if region == "us-east-1":
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": region}}

    def _port(self, server_id: str) -> int:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.environment.transfer_endpoint}/_quillgate/ports") as answer:
            return int(json.load(answer)[server_id])

    def _drop_bucket(self) -> None:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        for page in pages:
            keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
            if keys:
                self.s3.delete_objects(Bucket=self.name, Delete={"Objects": keys, "Quiet": True})
        self.s3.delete_bucket(Bucket=self.name)
