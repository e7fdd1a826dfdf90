from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh

from emulator.host_keys import HostKeyFolder
from emulator.transfer.model import Server
from tests.unit.sftp_fakes import a_server, host_keys

KEYS = host_keys(
    *(asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode() for _ in range(3))
)


@dataclass
class Servers:
    known: list[Server] = field(default_factory=list)

    def servers(self) -> Sequence[Server]:
        return self.known

    def revision(self) -> int:
        return 7


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_folder_follows_new_changed_and_deleted_servers(tmp_path: Path) -> None:
    folder = tmp_path / "host keys"
    one = replace(a_server(), id="s-1", host_keys=KEYS[:1])
    store = Servers([one, replace(one, id="s-2", host_keys=KEYS[1:2])])
    kept = HostKeyFolder(store, folder)

    assert kept.servers() == store.known
    assert contents(folder) == {"s-1": KEYS[0].pem, "s-2": KEYS[1].pem}

    store.known = [replace(one, host_keys=KEYS[2:])]
    kept.servers()
    assert contents(folder) == {"s-1": KEYS[2].pem}
    assert kept.revision() == 7


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    HostKeyFolder(Servers([replace(a_server(), id="s-1")]), tmp_path).servers()
    assert (tmp_path / "s-1").stat().st_mode & 0o777 == 0o600


def test_an_interrupted_write_and_other_files_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "s-new-s-1").write_text("half a k")
    (tmp_path / "somebody's").write_text("notes")
    HostKeyFolder(Servers([replace(a_server(), id="s-1", host_keys=KEYS[:1])]), tmp_path).servers()
    assert contents(tmp_path) == {"s-1": KEYS[0].pem, "somebody's": "notes"}
