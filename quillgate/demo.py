"""A sample file goes the whole way, each step shown with its time as it happens."""

from __future__ import annotations

import asyncio
import tempfile
import time
import urllib.parse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncssh
import typer

from quillgate.direct import get_json
from quillgate.environment import Embedded
from quillgate.errors import DemoError
from quillgate.ports import free_ports
from quillgate.state import State
from quillgate.target import Environment

SAMPLE_NAME = "q3 sales.csv"
SAMPLE = """\
order,customer,amount
1001,Miró & Söhne,1250.00
1002,O'Hara,89.90
1003,"Nakamura, K.",4310.50
"""
_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.02


def run_demo() -> None:
    """Start an environment of its own, send the sample, print the story, stop.

    Raises DemoError when the story does not come back.
    """
    with tempfile.TemporaryDirectory(prefix="quillgate-demo-") as folder:
        with Embedded(State(Path(folder)), free_ports, {}, _Clock()) as embedded:
            environment = embedded.start()
            typer.echo("\nA customer's file goes its way:")
            story = asyncio.run(_send_and_fetch(environment, _Clock()))
            typer.echo(f"\n{story}")
        typer.echo("The file went the whole way and its story came back; everything is stopped.")


async def _send_and_fetch(environment: Environment, say: _Clock) -> str:
    """The six steps. The first word of each line is where it happens."""
    user, name = environment.test_user, f"incoming/{SAMPLE_NAME}"
    key = f"{user}/{name}"
    s3 = environment.client("s3")
    async with _sftp(environment) as sftp:
        async with sftp.open(name, "wb") as file:
            await file.write(SAMPLE.encode())
        say(f"1 SFTP      {user} put '{name}', {len(SAMPLE.encode())} bytes")
        head = s3.head_object(Bucket=environment.bucket, Key=key)
        say(f"2 S3        object '{key}', version {head['VersionId'][:8]}")
        told = await _notification(environment, key, "receipt")
        say("3 queue     took the bucket's event", told["uploaded_at"])
        what = f"project {told['project']}, id {told['id'][:12]}..."
        say(f"4 watchdog  told Quill: {what}", told["received_at"])
        say(f"5 Quill     accepted it, {told['receipt']}")
        told = await _notification(environment, key, "story_key")
        path = told["story_key"].removeprefix(f"{user}/")
        async with sftp.open(path, encoding="utf-8") as file:
            story = await file.read()
        say(f"6 SFTP      {user} got '{path}'")
        return str(story)


async def _notification(environment: Environment, key: str, member: str) -> dict[str, Any]:
    """Quill's item for `key` once `member` of it is known."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    url = f"{environment.quill_url}/_quill/notifications?{urllib.parse.urlencode({'key': key})}"
    while time.monotonic() < deadline:
        items = get_json(url)["items"]
        if items and items[0][member]:
            return dict(items[0])
        await asyncio.sleep(_POLL_SECONDS)
    raise DemoError(f"Quill has no {member} for", key, "run quillgate up, look at .quillgate/logs")


@asynccontextmanager
async def _sftp(environment: Environment) -> AsyncIterator[asyncssh.SFTPClient]:
    """A session as the test user, with the host key checked as a customer should."""
    async with asyncssh.connect(
        environment.sftp_host,
        environment.sftp_port,
        username=environment.test_user,
        client_keys=[environment.test_user_key],
        known_hosts=None,  # checked below, by its fingerprint
        config=None,
        agent_path=None,
    ) as connection:
        shown = connection.get_server_host_key()
        fingerprint = shown.get_fingerprint() if shown else "none"
        if fingerprint != environment.host_key_fingerprint:
            raise DemoError(
                "not the server's host key", fingerprint, "something else listens there"
            )
        async with connection.start_sftp_client() as sftp:
            yield sftp


class _Clock:
    """Says each line with the seconds since it was made, and until it happened."""

    def __init__(self) -> None:
        self._begun = time.time()
        self._last = 0.0

    def __call__(self, line: str, happened: str | None = None) -> None:
        """`happened` is when somebody else saw the step, in ISO 8601, rounded as they do."""
        at = datetime.fromisoformat(happened).timestamp() if happened else time.time()
        self._last = max(self._last, at - self._begun)
        typer.echo(f"[{self._last:6.2f} s] {line}")
