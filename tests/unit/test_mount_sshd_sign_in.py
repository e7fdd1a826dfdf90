from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from emulator.files.activity import Activity, Record
from emulator.files.errors import FileError, PermissionDenied
from emulator.files.session import FileSession
from emulator.mount.logins import Logins
from emulator.mount.sign_in import SignIn
from emulator.transfer.model import Server, User
from tests.unit.files_fakes import FakeS3
from tests.unit.sshd_fakes import ACME, ASKED, SERVER, Family, family


@dataclass
class Roles:
    """Who has been assumed; `refusal` is what STS says."""

    refusal: str = ""
    assumed: list[str] = field(default_factory=list)

    def log_in(self, _: Server, user: User, activity: Activity, region: str) -> FileSession:
        if self.refusal:
            raise FileError(self.refusal)
        self.assumed.append(f"{user.role} in {region}")
        return FileSession(user, FakeS3().client, activity)


@pytest.fixture
def told() -> list[Record]:
    return []


@pytest.fixture
def roles() -> Roles:
    return Roles()


@pytest.fixture
def sign_in(told: list[Record], roles: Roles) -> SignIn:
    return SignIn(Logins(told.append), roles.log_in, "eu-west-1")


@pytest.fixture
def sshd(sign_in: SignIn) -> Iterator[Family]:
    with family() as made:
        sign_in.logins.asked(made.parent, SERVER, ACME, ASKED)
        yield made


def test_a_process_of_a_connection_gets_its_users_session(
    sign_in: SignIn, sshd: Family, roles: Roles
) -> None:
    session = sign_in("acme", sshd.child)
    assert session.activity.user == "acme"
    assert roles.assumed == ["arn:role in eu-west-1"]
    session.end()


@pytest.mark.parametrize("name", ["somebody", "", "Acme"])
def test_another_users_name_is_refused(
    name: str, sign_in: SignIn, sshd: Family, roles: Roles
) -> None:
    with pytest.raises(PermissionDenied):
        sign_in(name, sshd.child)
    assert roles.assumed == []


def test_a_process_of_no_connection_is_refused(sign_in: SignIn, roles: Roles) -> None:
    with family() as stranger, pytest.raises(PermissionDenied):
        sign_in("acme", stranger.child)
    assert roles.assumed == []


def test_a_role_that_is_refused_ends_the_connection_and_is_told(
    sign_in: SignIn, sshd: Family, roles: Roles, told: list[Record]
) -> None:
    roles.refusal = "no such role"
    with pytest.raises(FileError, match="no such role"):
        sign_in("acme", sshd.child)
    assert [(each.kind, each.fields["message"]) for each in told] == [
        ("ERROR", "Unable to assume role: no such role")
    ]
    assert sshd.process.wait(10) < 0
