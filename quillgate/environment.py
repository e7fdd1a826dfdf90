"""The embedded environment: start it, wait until a file can go all the way, stop it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

from quillgate.deploy import local
from quillgate.deploy.local import Deployed
from quillgate.deploy.template import repository
from quillgate.direct import answers, get_json
from quillgate.parts import ACCOUNT, ENGINE, REGION, ROOT_KEY, all_parts, url
from quillgate.ports import Ports
from quillgate.processes import Children
from quillgate.ready import Endpoints, describe, is_drained, stack_parameters, store_first_files
from quillgate.state import State, write_private
from quillgate.sweep import sweep_after_loss
from quillgate.target import Environment, Target, environment_file, local_client

_START_SECONDS = 60.0
_WATCH_SECONDS = 0.3
Progress = Callable[[str], None]


class Embedded:
    """One embedded environment, as a context: what was started is stopped at its end."""

    def __init__(
        self,
        state: State,
        choose_ports: Callable[[], Ports],
        parameters: Mapping[str, str],
        say: Progress,
    ) -> None:
        self._state = state
        self._choose_ports = choose_ports
        self._given = parameters
        self._say = say

    def __enter__(self) -> Self:
        with ExitStack() as entered:
            entered.enter_context(self._state.locked())
            self._ports = self._choose_ports()
            self._children = Children()
            entered.callback(self._stop)
            self._cleanup = entered.pop_all()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._cleanup.close()

    def start(self) -> Environment:
        """Start all parts, deploy the stack, and return when a file can go all the way."""
        self._start_parts()
        self._say("AWS engine, Transfer and Quill are up")
        local.ensure_quill_role(self.client("iam"), ACCOUNT)
        quill_url, token = url(self._ports.quill), self._state.quill_token()
        values = stack_parameters(self._state, quill_url, token, self._given)
        deployed = local.deploy(self.client, repository(), values)
        self._say(f"stack {deployed.stack_name} is deployed")
        if store_first_files(self.client("s3"), deployed.outputs["BucketName"]):
            drained = partial(is_drained, self.client("sqs"), deployed.outputs["QueueUrl"])
            self._children.wait_until("watchdog", drained, _START_SECONDS)
        self._sweep_if_owed(deployed)
        port = self._wait_for_sftp(deployed.outputs["ServerId"])
        environment = self._describe(deployed, port)
        self._state.remember_parameters(self._given)
        self._children.check()
        write_private(environment_file(self._state.folder), environment.to_json() + "\n")
        self._say("ready: a file can go the whole way")
        return environment

    def watch(self) -> None:
        """Stay until a signal ends the process; raise StartError when a part ends by itself."""
        while True:
            time.sleep(_WATCH_SECONDS)
            self._children.check()

    def client(self, service: str) -> Any:
        """A boto3 client with the engine's root keys."""
        port = self._ports.transfer if service == "transfer" else self._ports.engine
        return local_client(service, url(port), REGION, ROOT_KEY, ROOT_KEY)

    def _start_parts(self) -> None:
        if self._state.engine_is_stale(self._ports):
            self._say("killed or moved since: the stack is deployed again and uploads are swept")
            self._state.forget_engine()
        self._state.mark_running(self._ports)
        parts = all_parts(self._state, self._ports)
        for part in parts:
            log = self._state.log(part.log)
            self._children.start(part.name, list(part.command), part.environ, log)
        for part in parts:
            ready = partial(answers, part.health_url)
            self._children.wait_until(part.name, ready, _START_SECONDS)

    def _sweep_if_owed(self, deployed: Deployed) -> None:
        if self._state.sweep_is_owed():
            target = Target("embedded", deployed.stack_name, self.client)
            counts = sweep_after_loss(target, self._say)
            self._state.mark_swept()
            put_back = counts.swept + counts.judged_again
            self._say(f"swept: {put_back} of {counts.looked_at} uploads are queued again")

    def _wait_for_sftp(self, server_id: str) -> int:
        """The port of the stack's server, once it listens there."""
        found: dict[str, int] = {}

        def listening() -> bool:
            found.update(get_json(f"{url(self._ports.transfer)}/_quillgate/ports"))
            return server_id in found

        self._children.wait_until(f"SFTP server {server_id}", listening, _START_SECONDS)
        return int(found[server_id])

    def _describe(self, deployed: Deployed, sftp_port: int) -> Environment:
        ports, key = self._ports, self._state.test_user_key()
        endpoints = Endpoints(
            environment="embedded",
            aws=url(ports.engine),
            transfer=url(ports.transfer),
            sftp_port=sftp_port,
            quill=url(ports.quill),
            console=url(ports.console),
        )
        return describe(self.client, deployed, endpoints, key, os.getpid())

    def _stop(self) -> None:
        environment_file(self._state.folder).unlink(missing_ok=True)
        if ENGINE in self._children.stop():
            self._state.mark_stopped()
