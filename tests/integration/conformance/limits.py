"""Logins, limits and time-outs (facts 1.2, 1.4)."""

from __future__ import annotations

import logging
import re

import paramiko

from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene
from tests.integration.raw_sftp import RawSftp
from tests.integration.support import NewUser

SHEET = Sheet("login and limits")
row, not_run = SHEET.row, SHEET.not_run
SESSIONS = 10


@row("ten sessions in one connection", "allowed", "TF-FILE", "D", Outcome(found=SESSIONS))
def _ten(scene: Scene) -> Outcome:
    transport = scene.connect(scene.stage.home_user)
    return Outcome(found=len([RawSftp(transport) for _ in range(SESSIONS)]))


@row("the eleventh session", "refused", "TF-FILE", "D", Outcome("refused"), words="U")
def _eleventh(scene: Scene) -> Outcome:
    transport = scene.connect(scene.stage.home_user)
    sessions = [RawSftp(transport) for _ in range(SESSIONS)]
    try:
        RawSftp(transport)
    except (paramiko.ChannelException, paramiko.SSHException, EOFError):
        return Outcome("refused")
    return Outcome(found=len(sessions))


@row(
    "a key that is not the user's",
    "not let in",
    "TF-USERS",
    "D",
    Outcome("authentication", "Authentication failed."),
    words="I",
    chosen="as for any key that does not fit: the client may try the next",
)
def _wrong_key(scene: Scene) -> Outcome:
    user = scene.stage.home_user
    return scene.login_outcome(NewUser(user.name, user.home, paramiko.ECDSAKey.generate()))


@row(
    "a password",
    "service-managed users have none",
    "TF-ENDPOINT",
    "D",
    Outcome("refused"),
    words="U",
)
def _password(scene: Scene) -> Outcome:
    transport = _unauthenticated(scene)
    try:
        transport.auth_password(scene.stage.home_user.name, "secret", fallback=False)
    except paramiko.BadAuthenticationType:
        return Outcome("refused")
    finally:
        transport.close()
    return Outcome()


@row(
    "many keys offered",
    "disconnect 2: Too many authentication failures",
    "UG2023 troubleshooting",
    "D",
    Outcome("disconnected", "2: Too many authentication failures"),
    chosen="after 6 keys, as sshd; AWS's number is not documented",
)
def _many_keys(scene: Scene) -> Outcome:
    transport = _unauthenticated(scene)
    last_words = _LastWords(transport)
    try:
        for _ in range(7):
            _offer_wrong_key(transport, scene.stage.home_user.name)
    except (paramiko.SSHException, EOFError, OSError):
        return Outcome("disconnected", last_words.told)
    finally:
        transport.close()
    return Outcome()


@row(
    "user `root`",
    "blocked at login",
    "TF-USERS",
    "D",
    Outcome("authentication", "Authentication failed."),
    words="I",
    chosen="as for any key that does not fit: the client may try the next",
)
def _root(scene: Scene) -> Outcome:
    key = scene.stage.home_user.key
    scene.api_user("root", SshPublicKeyBody=f"{key.get_name()} {key.get_base64()}")
    return scene.login_outcome(NewUser("root", "", key))


@row(
    "a user name of two characters",
    "blocked at login",
    "TF-USERS",
    "D",
    Outcome("authentication", "Authentication failed."),
    words="I",
    chosen="as for any key that does not fit: the client may try the next",
)
def _short(scene: Scene) -> Outcome:
    return scene.login_outcome(NewUser("ab", "", scene.stage.home_user.key))


@row(
    "a deleted key",
    "no longer lets in",
    "BOTO",
    "D",
    Outcome("authentication", "Authentication failed."),
    words="I",
    chosen="as for any key that does not fit: the client may try the next",
)
def _deleted_key(scene: Scene) -> Outcome:
    user = scene.stage.user()
    described = scene.call("describe_user", UserName=user.name).found
    key_id = described["User"]["SshPublicKeys"][0]["SshPublicKeyId"]  # type: ignore[index]
    scene.call("delete_ssh_public_key", UserName=user.name, SshPublicKeyId=key_id)
    return scene.login_outcome(user)


@row(
    "a stopped server",
    "lets nobody in",
    "BOTO",
    "D",
    Outcome("refused"),
    words="U",
    own_server=True,
)
def _stopped(scene: Scene) -> Outcome:
    server_id, port = scene.stage.new_server()
    user = scene.stage.user(ServerId=server_id)
    scene.login(user, port)
    scene.stage.transfer.stop_server(ServerId=server_id)
    scene.eventually_refused(user, port)
    return Outcome("refused")


@row(
    "a role that cannot be assumed", "not let in", "TF-USERS", "D", Outcome("connection"), words="U"
)
def _no_role(scene: Scene) -> Outcome:
    account = scene.stage.role.split(":")[4]
    user = scene.stage.user(Role=f"arn:aws:iam::{account}:role/{scene.stage.name}-none")
    return scene.login_outcome(user)


class _LastWords(logging.Handler):
    """Reason and words of a server's DISCONNECT, which paramiko tells nobody but its log."""

    def __init__(self, transport: paramiko.Transport) -> None:
        super().__init__()
        self.told: str | None = None
        transport.set_log_channel(f"{__name__}.{id(transport)}")
        transport.logger.setLevel(logging.INFO)
        transport.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if found := re.fullmatch(r"Disconnect \(code (\d+)\): (.*)", record.getMessage()):
            self.told = ": ".join(found.groups())


def _unauthenticated(scene: Scene) -> paramiko.Transport:
    environment = scene.stage.environment
    transport = paramiko.Transport((environment.sftp_host, environment.sftp_port))
    transport.start_client(timeout=30)
    return transport


def _offer_wrong_key(transport: paramiko.Transport, name: str) -> None:
    try:
        transport.auth_publickey(name, paramiko.ECDSAKey.generate())
    except paramiko.BadAuthenticationType:
        raise
    except paramiko.AuthenticationException:
        if not transport.is_active():
            raise EOFError from None


not_run(
    "idle for 1,800 s",
    "disconnected",
    "TF-FILE",
    "D",
    "half an hour; the tests of the connections show a shorter one (--idle-seconds)",
)
not_run("unresponsive for 300 s", "disconnected", "TF-FILE", "D", "five minutes of a dead network")
not_run(
    "ls of 10,000 sub-directories, not optimised",
    "6 to 8 minutes",
    "TF-STORAGE",
    "D",
    "a time, not an answer",
    different="listings are as fast as with ENABLED",
)
not_run(
    "300 connections behind a load balancer",
    "instead of 10,000",
    "BOTO",
    "D",
    "stated for FTPS; there is no load balancer here",
)
not_run(
    "sessions of a server or a user",
    "no number documented",
    "-",
    "U",
    "ours has no such limit but the system's",
)
not_run(
    "largest file",
    "no number documented but S3's",
    "-",
    "U",
    "S3's 5 TiB; the benchmark sends 5 GB",
)
not_run(
    "a logging role that cannot be assumed",
    "Connection closed",
    "UG2023 troubleshooting",
    "D",
    "nothing assumes the LoggingRole here",
    different="LoggingRole is kept and not used",
)
not_run(
    "KMS denied",
    "shows at CLOSE as Permission denied",
    "UG2023 troubleshooting",
    "D",
    "the local engine does not enforce KMS; a denied PutObject is a row of its own",
)
not_run(
    "`Couldn't canonicalize` for an unreadable home",
    "Permission denied",
    "UG2023 troubleshooting",
    "D",
    "documented for EFS, which is not emulated",
)
