"""Transfer Family as one process: its API, and the SFTP servers made through it.

    python -m emulator.transfer_service --state DIR [--host 127.0.0.1] [--api-port 4567] ...

Beside the API, `GET /_quillgate/ports` tells each reachable server's SFTP port by server id.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from emulator.arguments import add_session_arguments
from emulator.files.activity import Sink
from emulator.files.login import log_in
from emulator.host_keys import HostKeyFolder
from emulator.limits import allow_many_files, give_memory_back
from emulator.reports.reporting import reporting
from emulator.sftp.connection import Service
from emulator.sftp.listeners import Listeners
from emulator.transfer.api import create_app
from emulator.transfer.errors import StoreError
from emulator.transfer.model import Server, User
from emulator.transfer.store import Store

THREADS = 64  # requests that wait for S3 at the same time, over all clients
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The command line."""

    host: str
    api_port: int
    sftp_port: int
    state: Path
    host_keys: Path | None
    account_id: str
    region: str
    idle_seconds: float
    max_keys_per_user: int
    stop_seconds: float
    enforce_policies: bool
    event_source: str


class PortInUse(Exception):  # noqa: N818
    """A port we were told to listen on is somebody else's."""


class _ApiServer(uvicorn.Server):
    """Leaves the signals to us."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def main() -> None:
    """Run until SIGTERM or SIGINT; exit 1 with one line when it cannot start."""
    options = _options(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for library in ("asyncssh", "botocore", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    give_memory_back()
    allow_many_files()
    try:
        is_finished = asyncio.run(serve(options))
    except (PortInUse, StoreError) as error:
        sys.exit(str(error))
    if not is_finished:
        late = f"{options.stop_seconds:g} s"
        log.error("uploads not stored: S3 took longer than '%s' - send them again", late)
    # Threads that still wait for an S3 that is away would keep the process for minutes.
    logging.shutdown()
    os._exit(0 if is_finished else 1)


async def serve(options: Options) -> bool:
    """Listen until told to stop, and store open uploads as they are; False if that failed."""
    api_socket = _bound(options.host, options.api_port)
    _bound(options.host, options.sftp_port).close()
    threads = ThreadPoolExecutor(THREADS, "sftp")
    with (
        Store(options.state / "transfer.sqlite") as store,
        reporting(store.server, options.region, options.event_source) as sink,
    ):
        listeners = _listeners(options, store, threads, sink)
        await listeners.follow()
        following = asyncio.create_task(listeners.run())
        api = _ApiServer(_config(options, store, listeners))
        serving = asyncio.create_task(api.serve(sockets=[api_socket]))
        await asyncio.wait([_told_to_stop(), following, serving], return_when="FIRST_COMPLETED")
        following.cancel()
        api.should_exit = True
        is_finished = await listeners.close(options.stop_seconds)
        threads.shutdown(wait=False, cancel_futures=True)
        await serving
        with suppress(asyncio.CancelledError):
            await following
    return is_finished


def _listeners(
    options: Options, store: Store, threads: ThreadPoolExecutor, sink: Sink
) -> Listeners:
    def service(server: Server) -> Service:
        return Service(
            server,
            find_user,
            options.region,
            sink,
            threads,
            options.idle_seconds,
            log_in=partial(log_in, enforce_policies=options.enforce_policies),
        )

    def find_user(server_id: str, name: str) -> User | None:
        # From the answer to StopServer on nobody gets in, though the listener is yet to follow.
        server = store.server(server_id)
        return store.user(server_id, name) if server and server.state == "ONLINE" else None

    return Listeners(
        HostKeyFolder(store, options.host_keys) if options.host_keys else store,
        service,
        host=options.host,
        default_port=options.sftp_port,
        owner_file=options.state / "default-port-owner",
    )


def _config(options: Options, store: Store, listeners: Listeners) -> uvicorn.Config:
    async def ports(_: Request) -> JSONResponse:
        return JSONResponse(listeners.ports())

    api = create_app(
        store,
        account_id=options.account_id,
        region=options.region,
        max_keys_per_user=options.max_keys_per_user,
    )
    app = Starlette(routes=[Route("/_quillgate/ports", ports), Mount("/", api)])
    return uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2
    )


def _told_to_stop() -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _resolve, told)
    return told


def _resolve(told: asyncio.Future[None]) -> None:
    if not told.done():
        told.set_result(None)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle off: answers leave at once, not 40 ms later.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        reason = f"{error.strerror} - choose another or stop what listens there"
        raise PortInUse(f"cannot listen: 'port {port}' on {host}: {reason}") from error
    return bound


def _options(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m emulator.transfer_service")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--api-port", type=int, default=4567)
    parser.add_argument("--sftp-port", type=int, default=2222, help="of the first server made")
    parser.add_argument("--state", type=Path, required=True, help="folder for servers and users")
    parser.add_argument("--host-keys", type=Path, help="folder to keep them in, for another sshd")
    parser.add_argument("--account-id", default="000000000000")
    parser.add_argument("--idle-seconds", type=float, default=1800)
    # Sources differ on AWS's own limit: its API model says 5, its Terraform module 50.
    parser.add_argument("--max-keys-per-user", type=int, default=50)
    # `quillgate` kills what takes longer than 10 s to stop.
    parser.add_argument("--stop-seconds", type=float, default=8, help="for uploads we cut by it")
    add_session_arguments(parser)
    return Options(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
