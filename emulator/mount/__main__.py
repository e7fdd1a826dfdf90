"""OpenSSH on the users' homes: `python -m emulator.mount --host-keys DIR`, as root in a container.

It mounts /srv/homes, keeps accounts and sshd as the Transfer server is, and tells sshd live whose
keys are whose. Needed from the environment: what boto3 takes, with AWS_ENDPOINT_URL_TRANSFER.
"""

from __future__ import annotations

import logging
import os
import pwd
import signal
import sys
from functools import partial
from pathlib import Path
from threading import Event
from typing import NoReturn

import boto3

from emulator.files.activity import Activity, Kind, Sink
from emulator.files.login import log_in
from emulator.limits import allow_many_files, give_memory_back
from emulator.mount import ask
from emulator.mount.accounts import Accounts
from emulator.mount.answers import answering
from emulator.mount.filesystem import MountError, mounted
from emulator.mount.health import Health
from emulator.mount.host_key import HostKeys
from emulator.mount.keys import Keys
from emulator.mount.logins import Logins
from emulator.mount.options import Options, read_options
from emulator.mount.sessions import Sessions
from emulator.mount.sign_in import SignIn
from emulator.mount.sshd import Sshd, SshdError
from emulator.mount.sshd_config import KEY_USER, PORT, possible, sshd_config
from emulator.mount.sshd_log import Record, SshdLog
from emulator.mount.supervisor import MountLost, Parts, Served, Supervisor
from emulator.mount.transfer_api import TUNING, TransferApi
from emulator.reports.reporting import reporting
from emulator.transfer.model import Server

HOMES = Path("/srv/homes")
RUN = Path(ask.SOCKET).parent
PASSWD = Path("/var/lib/extrausers/passwd")
PRIVSEP = Path("/run/sshd")
STOP_SECONDS = 7.0  # of the ten that engines give by default
log = logging.getLogger(__name__)


def main() -> None:
    """Run until SIGTERM or SIGINT: 0. Exit 1 when sshd or the mount has died."""
    options = read_options(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for library in ("botocore", "urllib3"):
        logging.getLogger(library).setLevel(logging.WARNING)
    give_memory_back()
    allow_many_files()
    told_to_stop = _told_to_stop()
    served = Served()
    try:
        with reporting(served.find, options.region, options.event_source) as sink:
            _serve(options, served, sink, told_to_stop)
    except (SshdError, MountError, MountLost, OSError) as error:
        log.error("%s", error)
        _leave(1)
    _leave(0)


def _serve(options: Options, served: Served, sink: Sink, told_to_stop: Event) -> None:
    logins = Logins(sink)
    accounts = Accounts(PASSWD)
    sshd = Sshd(RUN / "sshd_config", SshdLog(logins.accepted, _recorder(served, sink)).read)
    api = TransferApi(boto3.client("transfer", region_name=options.region, config=TUNING))
    supervisor = Supervisor(_parts(options, api, accounts, logins, sshd), served)
    answers = {
        "keys": Keys(api, logins, served).answer,
        "health": Health(supervisor, sshd, HOMES, PORT).answer,
    }
    assume = partial(log_in, enforce_policies=options.enforce_policies)
    sessions = Sessions(SignIn(logins, assume, options.region), logins.connection_of)
    with (
        mounted(HOMES, sessions, accounts),
        answering(_folder(RUN) / "socket", pwd.getpwnam(KEY_USER).pw_uid, answers),
    ):
        try:
            supervisor.run(told_to_stop)
        finally:
            if not supervisor.stop(STOP_SECONDS):
                late = f"{STOP_SECONDS:g} s"
                log.error("uploads not stored: S3 took longer than '%s' - send them again", late)
                _leave(1)


def _leave(code: int) -> NoReturn:
    """End at once: threads that wait for an S3 that is away would keep the process for minutes."""
    logging.shutdown()
    os._exit(code)


def _parts(
    options: Options, api: TransferApi, accounts: Accounts, logins: Logins, sshd: Sshd
) -> Parts:
    def find_server() -> str | None:
        return options.server_id or api.server_on(options.transfer_sftp_port)

    def configure(server: Server) -> str:
        return sshd_config(server, HOMES, RUN, possible(), options.idle_seconds)

    _folder(PRIVSEP)
    return Parts(
        api,
        find_server,
        HostKeys(options.host_keys),
        accounts,
        logins,
        sshd,
        configure,
        RUN,
        HOMES.is_mount,
    )


def _recorder(served: Served, sink: Sink) -> Record:
    def record(kind: Kind, **fields: str) -> None:
        if served.server:
            Activity(served.server.arn, "", sink).record(kind, **fields)

    return record


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o755, exist_ok=True)
    return path


def _told_to_stop() -> Event:
    told = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told


if __name__ == "__main__":
    main()
