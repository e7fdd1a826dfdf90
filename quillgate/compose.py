"""The one-shot service `deploy` of docker-compose.yml: brings the stack into what runs there.

Running it again brings a change of stack/ or watchdog/ in, and all that LocalStack held but the
objects back: it keeps nothing when it is stopped.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quillgate.deploy import local, template
from quillgate.deploy.local import Deployed
from quillgate.direct import answers, get_json
from quillgate.errors import DeployError, QuillgateError
from quillgate.parts import ACCOUNT, REGION, ROOT_KEY, url
from quillgate.ready import Endpoints, describe, is_drained, stack_parameters, store_first_files
from quillgate.state import State, write_private
from quillgate.target import compose_file, local_client
from quillgate.waiting import wait_until

_START_SECONDS = 60.0
_ADVICE = "see: docker compose logs"


@dataclass(frozen=True)
class Settings:
    """Where the services are, for this container and `published` for people on the machine.

    `state` is the state folder in here, `state_on_host` where people find it.
    """

    aws: str
    transfer: str
    quill: str
    published: Endpoints
    token_file: Path
    state: Path
    state_on_host: Path

    def client(self, service: str) -> Any:
        """A boto3 client for the services of the project."""
        endpoint = self.transfer if service == "transfer" else self.aws
        return local_client(service, endpoint, REGION, ROOT_KEY, ROOT_KEY)


def main() -> None:
    """Deploy; errors are one line on stderr and exit status 1."""
    try:
        deploy(read_settings(os.environ, Path("/proc/self/mountinfo").read_text()))
    except (QuillgateError, ClientError, BotoCoreError, OSError) as error:
        sys.exit(f"not deployed: {error}")


def deploy(settings: Settings) -> None:
    """Make everything in the services as docker-compose.yml's checkout says."""
    token = settings.token_file.read_text()
    repo = template.repository()
    become_owner(settings.state, repo / "stack")
    check_readable(settings.state, settings.state_on_host, _readable)
    state = State(settings.state, "compose")
    _wait_for_services(settings)
    local.ensure_quill_role(settings.client("iam"), ACCOUNT)
    values = stack_parameters(state, settings.quill, token, {})
    was_deployed = bool(settings.client("transfer").list_servers()["Servers"])
    deployed = local.deploy(settings.client, repo, values, Path(tempfile.gettempdir()))
    _say(f"stack {deployed.stack_name} is deployed")
    _renew_roles(settings.client("transfer"), deployed)
    bucket = deployed.outputs["BucketName"]
    if was_deployed and not settings.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"]:
        _say_what_is_gone(settings)
    if store_first_files(settings.client("s3"), bucket):
        drained = partial(is_drained, settings.client("sqs"), deployed.outputs["QueueUrl"])
        wait_until("watchdog", drained, _START_SECONDS, _ADVICE)
    _tell_people(settings, state, deployed)


def read_settings(environ: Mapping[str, str], mountinfo: str) -> Settings:
    """From the variables that docker-compose.yml sets; `mountinfo` is the kernel's (proc(5))."""
    state = Path(environ["QUILLGATE_STATE"])
    return Settings(
        aws=environ["AWS_ENDPOINT_URL"],
        transfer=environ["AWS_ENDPOINT_URL_TRANSFER"],
        quill=environ["QUILL_URL"],
        published=Endpoints(
            environment="compose",
            aws=url(int(environ["QUILLGATE_AWS_PORT"])),
            transfer=url(int(environ["QUILLGATE_TRANSFER_PORT"])),
            sftp_port=int(environ["QUILLGATE_SFTP_PORT"]),
            quill=url(int(environ["QUILLGATE_QUILL_PORT"])),
            console=url(int(environ["QUILLGATE_CONSOLE_PORT"])),
        ),
        token_file=Path(environ["QUILL_TOKEN_FILE"]),
        state=state,
        state_on_host=path_on_host(
            Path(environ["HOST_FOLDER"], environ["HOST_STATE"]), state, mountinfo
        ),
    )


def path_on_host(said: Path, mounted_at: Path, mountinfo: str) -> Path:
    """Where the folder mounted at `mounted_at` is on the machine that runs the containers.

    Compose knows only the shell's folder, which need not be its own file's; the kernel knows the
    path only within its file system. Where the two do not agree, the kernel is right.
    """
    lines = [line.split(" ") for line in mountinfo.splitlines()]
    source = next((words[3] for words in lines if words[4] == str(mounted_at)), str(said))
    known = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), source))
    said = Path(os.path.normpath(said))
    names = known.parts[1:][-2:]
    return said if said.parts[len(said.parts) - len(names) :] == names else known


def become_owner(state: Path, checkout: Path) -> None:
    """What is written for people shall be theirs: go on as the owner of their folder.

    A state folder that Docker had to make is root's, and is given to the checkout's owner.
    """
    if os.geteuid() != 0:
        return
    owner = state.stat()
    if owner.st_uid == 0:
        owner = checkout.stat()
        os.chown(state, owner.st_uid, owner.st_gid)
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def check_readable(state: Path, on_host: Path, may_read: Callable[[Path], bool]) -> None:
    """A command run as another user leaves files that the folder's owner may not read."""
    for each in state.iterdir():
        if each.is_file() and not may_read(each):
            advice = "give it to the owner of its folder"
            raise DeployError("may not be read", str(on_host / each.name), advice)


def _readable(path: Path) -> bool:
    return os.access(path, os.R_OK)


def _wait_for_services(settings: Settings) -> None:
    for name, health_url in {
        "AWS engine": f"{settings.aws}/_localstack/health",
        "Transfer": f"{settings.transfer}/health",
        "Quill": f"{settings.quill}/_quill/health",
    }.items():
        wait_until(name, partial(answers, health_url), _START_SECONDS, _ADVICE)


def _renew_roles(transfer: Any, deployed: Deployed) -> None:
    """A stack made anew has a role of another name: users who had the old one get the new one."""
    server_id, role = deployed.outputs["ServerId"], deployed.outputs["UserRoleArn"]
    old = f":role/{deployed.stack_name}-UserRole-"
    for page in transfer.get_paginator("list_users").paginate(ServerId=server_id):
        for user in page["Users"]:
            if old in user["Role"] and user["Role"] != role:
                transfer.update_user(ServerId=server_id, UserName=user["UserName"], Role=role)


def _say_what_is_gone(settings: Settings) -> None:
    """Transfer knows the server of an earlier deploy, and the bucket has not even routes."""
    told = len(get_json(f"{settings.quill}/_quill/notifications")["items"])
    _say(
        "LocalStack keeps nothing, and has been started anew since the last deploy:\n"
        "  gone: every object - files, stories, the routes you pushed - and what lay on the queues;"
        " files that Quill has not got must be sent again\n"
        "  kept: users, their keys, the host key, and what Quill was told before"
        f" ({told} files): {settings.published.quill}/"
    )


def _tell_people(settings: Settings, state: State, deployed: Deployed) -> None:
    """Write compose.json, which leads commands and scripts here."""
    key = settings.state_on_host / state.test_user_key().name
    environment = describe(settings.client, deployed, settings.published, key, None)
    write_private(compose_file(state.folder), environment.to_json() + "\n")
    identity = f"-i {shlex.quote(str(key))} {environment.test_user}@{environment.sftp_host}"
    _say(f"ready: sftp -P {environment.sftp_port} {identity}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
