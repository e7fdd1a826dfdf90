"""Accounts and sshd follow the Transfer server: its API on loopback, sshd a list of words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from emulator.mount.accounts import Accounts
from emulator.mount.host_key import HostKeys
from emulator.mount.logins import Logins
from emulator.mount.sshd import SshdError
from emulator.mount.supervisor import MountLost, Parts, Served, Supervisor
from emulator.mount.transfer_api import TransferApi

if TYPE_CHECKING:
    from types_boto3_transfer import TransferClient


@dataclass
class Sshd:
    """Remembers what it was told."""

    told: list[str] = field(default_factory=list)
    is_running: bool = False
    has_died: bool = False

    def check(self) -> None:
        if self.has_died:
            raise SshdError("died")

    def serve(self) -> None:
        self.told.append("serve")
        self.is_running = True

    def stop(self) -> None:
        self.told.append("stop")
        self.is_running = False


@dataclass
class Scene:
    """A server that may be there, and what follows it."""

    client: TransferClient
    folder: Path
    wanted: str | None = None
    is_mounted: bool = True
    sshd: Sshd = field(default_factory=Sshd)
    served: Served = field(default_factory=Served)

    def __post_init__(self) -> None:
        (self.folder / "keys").mkdir()
        self.supervisor = Supervisor(
            Parts(
                TransferApi(self.client),
                lambda: self.wanted,
                HostKeys(self.folder / "keys"),
                Accounts(self.folder / "passwd"),
                Logins(lambda _: None),
                self.sshd,
                lambda server: server.security_policy,
                self.folder,
                lambda: self.is_mounted,
            ),
            self.served,
        )

    @property
    def server(self) -> str:
        assert self.wanted
        return self.wanted

    def make_server(self) -> None:
        self.wanted = self.client.create_server()["ServerId"]
        (self.folder / "keys" / self.wanted).write_text("the host key")

    def look(self) -> bool:
        """Whether it is in step then."""
        self.supervisor.look()
        return self.supervisor.is_in_step

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def scene(transfer_client: TransferClient, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(transfer_client, tmp_path)
    made.make_server()
    yield made
    for server in transfer_client.list_servers()["Servers"]:
        if server["ServerId"] == made.wanted:
            transfer_client.delete_server(ServerId=made.server)


def test_sshd_starts_with_the_servers_key_and_settings(scene: Scene) -> None:
    assert [scene.look(), scene.look()] == [True, True]
    assert scene.served.id == scene.wanted
    assert scene.read("host_key") == "the host key"
    assert scene.read("sshd_config") == "TransferSecurityPolicy-2024-01"
    assert (scene.folder / "host_key").stat().st_mode & 0o777 == 0o600
    assert scene.sshd.told == ["serve"], "nothing has changed"


def test_users_follow(scene: Scene) -> None:
    role = "arn:aws:iam::000000000000:role/user"
    scene.client.create_user(ServerId=scene.server, UserName="acme", Role=role, HomeDirectory="/b")
    scene.supervisor.look()
    assert scene.read("passwd").startswith("acme:*:")
    scene.client.delete_user(ServerId=scene.server, UserName="acme")
    scene.supervisor.look()
    assert scene.read("passwd") == ""


def test_changed_settings_and_keys_are_read_again(scene: Scene) -> None:
    scene.supervisor.look()
    scene.client.update_server(ServerId=scene.server, PreAuthenticationLoginBanner="hello")
    scene.supervisor.look()
    assert scene.read("banner") == "hello"
    (scene.folder / "keys" / scene.server).write_text("a new key")
    scene.supervisor.look()
    assert scene.read("host_key") == "a new key"
    assert scene.sshd.told == ["serve"] * 3


def test_sshd_rests_while_the_server_does(scene: Scene) -> None:
    scene.supervisor.look()
    scene.client.stop_server(ServerId=scene.server)
    for _ in range(2):
        scene.supervisor.look()
    assert scene.supervisor.is_in_step, "nobody can log in, as was asked"
    scene.client.start_server(ServerId=scene.server)
    scene.supervisor.look()
    assert scene.sshd.told == ["serve", "stop", "serve"]


def test_a_server_made_anew_is_found(scene: Scene) -> None:
    scene.supervisor.look()
    scene.client.delete_server(ServerId=scene.server)
    assert not scene.look()
    assert scene.served.id is None
    scene.make_server()
    assert scene.look()
    assert scene.served.id == scene.wanted
    assert scene.sshd.told == ["serve", "stop", "serve"]


def test_what_is_not_there_yet_is_said_once_and_waited_for(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    (scene.folder / "keys" / scene.server).unlink()
    assert [scene.look(), scene.look()] == [False, False]
    assert scene.sshd.told == []
    assert caplog.text.count("host key cannot be read") == 1
    scene.wanted, scene.served.server = None, None
    scene.supervisor.look()
    assert "no server" in caplog.text


def test_sshd_or_the_mount_lost_ends_it(scene: Scene) -> None:
    scene.is_mounted = False
    with pytest.raises(MountLost):
        scene.supervisor.run(Event())
    scene.is_mounted, scene.sshd.has_died = True, True
    with pytest.raises(SshdError):
        scene.supervisor.run(Event())


def test_told_to_stop_it_stops(scene: Scene) -> None:
    scene.supervisor.look()
    told = Event()
    told.set()
    scene.supervisor.run(told)
    assert scene.supervisor.stop(1)
    assert not scene.sshd.is_running
