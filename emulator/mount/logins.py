"""Which SSH connection belongs to whom, from the first look for a key to the end.

A connection is known by the pid of the sshd process that serves it alone: sshd's processes for the
user, and so all of his requests for files, descend from it.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from secrets import token_hex
from threading import Condition

from emulator.files.activity import Activity, Sink
from emulator.files.login import connected_as
from emulator.mount.processes import Endings, process
from emulator.transfer.model import Server, User


@dataclass(frozen=True)
class Asked:
    """sshd asks whether this key is the user's. `key` is base64, `client` is (address, port)."""

    name: str
    key_type: str
    key: str
    client: tuple[str, str]


@dataclass(frozen=True)
class Login:
    """Server and user as they were at login, and the connection's own sshd process."""

    server: Server
    user: User
    activity: Activity
    ssh_pid: int
    asked: Asked = field(repr=False)
    is_in: bool = False


class Logins:
    """Remember each connection until its process ends; safe to call from several threads."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._changed = Condition()
        self._by_pid: dict[int, Login] = {}
        self._processes: dict[int, set[int]] = {}  # of a connection, by its ssh_pid
        self._endings = Endings()

    def asked(self, ssh_pid: int, server: Server, user: User, asked: Asked) -> None:
        """Note a key that is the user's; that the client has it, too, is sshd's to find out.

        ProcessLookupError when sshd's process is gone.
        """
        with self._changed:
            # A connection may outlast its sshd process, whose number may then be another's.
            if ssh_pid in self._processes.get(ssh_pid, ()):
                activity = self._by_pid[ssh_pid].activity
            else:
                activity = self._begin(ssh_pid, server, user, asked)
            self._by_pid[ssh_pid] = Login(server, user, activity, ssh_pid, asked)

    def accepted(self, client: tuple[str, str], fingerprint: str) -> None:
        """Note that the client at this address and port is in; `fingerprint` of the key used."""
        with self._changed:
            login = next(
                (each for each in self._by_pid.values() if each.asked.client == client), None
            )
            if login is None or login.is_in:
                return
            self._by_pid[login.ssh_pid] = replace(login, is_in=True)
            login.activity.record("CONNECTED", **_connected(login, fingerprint))

    def login_of(self, pid: int) -> Login | None:
        """Find the login that a process belongs to."""
        while found := process(pid):
            if login := self._by_pid.get(pid):
                return login
            pid = found.parent
        return None

    def connection_of(self, pid: int) -> int:
        """Find the sshd process that stands for a process that asks for a file; else itself."""
        with self._changed:
            login = self.login_of(pid)
            if login is None:
                return pid
            with suppress(ProcessLookupError):
                self._follow(login.ssh_pid, pid)
            return login.ssh_pid

    def end(self, login: Login) -> None:
        """End a connection: sshd hands the signal on to the process that speaks for the user."""
        with suppress(ProcessLookupError):
            os.kill(login.ssh_pid, signal.SIGTERM)

    def end_all(self, patience_seconds: float) -> bool:
        """End all connections and wait for it; False when that takes too long."""
        with self._changed:
            for login in self._by_pid.values():
                self.end(login)
            return self._changed.wait_for(lambda: not self._by_pid, patience_seconds)

    def _begin(self, ssh_pid: int, server: Server, user: User, asked: Asked) -> Activity:
        self._follow(ssh_pid, ssh_pid)
        return Activity(server.arn, token_hex(8), self._sink, user.name, asked.client[0])

    def _follow(self, ssh_pid: int, pid: int) -> None:
        """Files are finished as their process ends, maybe after `ssh_pid`: wait for both."""
        followed = self._processes.setdefault(ssh_pid, set())
        if pid not in followed:
            self._endings.watch(pid, partial(self._ended, ssh_pid, pid))
            followed.add(pid)

    def _ended(self, ssh_pid: int, pid: int) -> None:
        with self._changed:
            self._processes[ssh_pid].discard(pid)
            if self._processes[ssh_pid]:
                return
            del self._processes[ssh_pid]
            login = self._by_pid.pop(ssh_pid)
            if login.is_in:
                login.activity.record("DISCONNECTED")
            self._changed.notify_all()


def _connected(login: Login, fingerprint: str) -> dict[str, str]:
    """What the log says of a login, as far as sshd tells: not the client, its ciphers and kex."""
    return {
        **connected_as(login.user),
        "source_ip": login.activity.client_ip,
        "ssh_public_key": login.asked.key,
        "ssh_public_key_fingerprint": fingerprint,
        "ssh_public_key_type": login.asked.key_type,
    }
