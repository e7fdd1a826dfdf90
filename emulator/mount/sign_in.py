"""From a process that asks for a file to its user's session on S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.files.activity import Activity
from emulator.files.errors import FileError, PermissionDenied
from emulator.files.session import FileSession
from emulator.mount.logins import Login, Logins
from emulator.transfer.model import Server, User

LogIn = Callable[[Server, User, Activity, str], FileSession]


@dataclass(frozen=True)
class SignIn:
    """Assume the role of whoever asks; a refusal ends the connection, as on AWS."""

    logins: Logins
    log_in: LogIn
    region: str

    def __call__(self, name: str, pid: int) -> FileSession:
        """Begin the session of the user's connection that the process belongs to."""
        login = self.logins.login_of(pid)
        if login is None or login.user.name != name:
            raise PermissionDenied
        return self._assume(login)

    def _assume(self, login: Login) -> FileSession:
        try:
            return self.log_in(login.server, login.user, login.activity, self.region)
        except FileError as error:
            login.activity.record("ERROR", message=f"Unable to assume role: {error}")
            self.logins.end(login)
            raise
