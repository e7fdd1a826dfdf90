"""Start the fake Quill: `QUILL_TOKEN=... python -m emulator.quill --port 8088 --state DIR`."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
from contextlib import closing

from emulator.quill.app import Quill, create_app
from emulator.quill.faults import Faults
from emulator.quill.inbox import Inbox
from emulator.quill.logs import log, log_to_stderr
from emulator.quill.objects import S3Objects, s3_objects
from emulator.quill.server import listen, make_server
from emulator.quill.settings import Settings, SettingsError, read_settings
from emulator.quill.writer import StoryWriter


def main() -> int:
    """Serve until SIGTERM or SIGINT: 0. Could not start: 1. Wrong usage: 2."""
    try:
        settings = read_settings(sys.argv[1:], os.environ)
        with _listen(settings) as listener, closing(_open_inbox(settings)) as inbox:
            return _serve(settings, listener, inbox)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _listen(settings: Settings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"cannot listen: '{settings.host}:{settings.port}' - free it, or give another "
            f"--host or --port: {error}"
        ) from error


def _open_inbox(settings: Settings) -> Inbox:
    try:
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Inbox(settings.state / "inbox.sqlite3")
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(
            f"state cannot be used: '{settings.state}' - give another folder: {error}"
        ) from error


def _s3(settings: Settings) -> S3Objects:
    try:
        return s3_objects(settings.region, settings.role_arn)
    except LookupError as error:
        raise SettingsError(str(error)) from error


def _serve(settings: Settings, listener: socket.socket, inbox: Inbox) -> int:
    writer = StoryWriter(inbox, _s3(settings))
    server = make_server(create_app(Quill(settings.token, inbox, Faults(), writer)))
    log_to_stderr()
    # uvicorn stops in order and then raises the signal again: being stopped is no failure here.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    port = listener.getsockname()[1]
    log("starting", url=f"http://{settings.host}:{port}", role=settings.role_arn)
    server.run(sockets=[listener])
    log("stopped")
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
