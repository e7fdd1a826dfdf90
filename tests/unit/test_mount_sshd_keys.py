"""Who may come in with which key: the Transfer API on loopback, and the socket sshd asks on."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from emulator.mount import ask
from emulator.mount.answers import answering
from emulator.mount.keys import Keys
from emulator.mount.logins import Logins
from emulator.mount.supervisor import Served
from emulator.mount.transfer_api import TransferApi
from tests.unit.sshd_fakes import KEY, Family, family

if TYPE_CHECKING:
    from types_boto3_transfer import TransferClient

ROLE = "arn:aws:iam::000000000000:role/user"
OTHER_KEY = KEY[:-4] + "AAAA"
ENDS = "192.0.2.9 2222 192.0.2.1 4000"
IN = f"restrict ssh-ed25519 {KEY}\n"


@pytest.fixture
def server_id(transfer_client: TransferClient) -> Iterator[str]:
    created = transfer_client.create_server()["ServerId"]
    body = f"ssh-ed25519 {KEY} a comment"
    transfer_client.create_user(
        ServerId=created, UserName="acme", Role=ROLE, SshPublicKeyBody=body, HomeDirectory="/b/acme"
    )
    yield created
    transfer_client.delete_server(ServerId=created)


@pytest.fixture
def logins() -> Logins:
    return Logins(lambda _: None)


@pytest.fixture
def keys(transfer_client: TransferClient, server_id: str, logins: Logins) -> Keys:
    api, served = TransferApi(transfer_client), Served()
    served.server = api.server(server_id)
    return Keys(api, logins, served)


@pytest.fixture
def sshd() -> Iterator[Family]:
    with family() as made:
        yield made


def test_a_users_own_key_opens_and_tells_whose_connection_it_is(
    keys: Keys, logins: Logins, sshd: Family
) -> None:
    assert keys.answer(["acme", "ssh-ed25519", KEY, ENDS], sshd.child) == IN
    login = logins.login_of(sshd.parent)
    assert login
    assert (login.user.name, login.user.role, login.user.home_directory) == (
        "acme",
        ROLE,
        "/b/acme",
    )
    assert (login.activity.client_ip, login.asked.client) == ("192.0.2.1", ("192.0.2.1", "4000"))


@pytest.mark.parametrize(
    "words",
    [
        ["acme", "ssh-ed25519", OTHER_KEY, ENDS],
        ["somebody", "ssh-ed25519", KEY, ENDS],
        ["acme", "ssh-ed25519", KEY],
        ["acme", "ssh-ed25519", "no base64", ENDS],
        [],
    ],
)
def test_others_find_no_key(words: list[str], keys: Keys, logins: Logins, sshd: Family) -> None:
    assert keys.answer(words, sshd.child) == ""
    assert logins.login_of(sshd.parent) is None


def test_changes_count_at_once(keys: Keys, transfer_client: TransferClient, sshd: Family) -> None:
    server_id = keys.served.id or ""
    question = ["acme", "ssh-ed25519", KEY, ENDS]
    transfer_client.stop_server(ServerId=server_id)
    assert keys.answer(question, sshd.child) == ""
    transfer_client.start_server(ServerId=server_id)
    assert keys.answer(question, sshd.child) == IN
    transfer_client.delete_user(ServerId=server_id, UserName="acme")
    assert keys.answer(question, sshd.child) == ""


def test_nobody_gets_in_while_transfer_is_away(
    keys: Keys, sshd: Family, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        away = boto3.Session("a", "b", region_name="us-east-1").client(
            "transfer", endpoint_url=url, config=Config(retries={"total_max_attempts": 1})
        )
        cut_off = Keys(TransferApi(away), keys.logins, keys.served)
        assert cut_off.answer(["acme", "ssh-ed25519", KEY, ENDS], sshd.child) == ""
    assert "Transfer cannot be asked" in caplog.text


def test_the_command_prints_what_the_process_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(words: list[str], pid: int) -> str:
        return f"{words} {pid == os.getpid()}"

    monkeypatch.setattr(ask, "SOCKET", str(tmp_path / "socket"))
    monkeypatch.setattr(sys, "argv", ["ask.py", "keys", "a user", "é"])
    with answering(tmp_path / "socket", os.getuid(), {"keys": answer}):
        assert ask.main() == 0
    assert capsys.readouterr().out == "['a user', 'é'] True"


def test_no_answer_is_no_failure_of_the_key_command_but_of_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "SOCKET", str(tmp_path / "socket"))
    (tmp_path / "socket").touch()
    silent = {"keys": lambda *_: "", "health": lambda *_: ""}
    with answering(tmp_path / "socket", os.getuid(), silent):
        for kind, code in (("keys", 0), ("health", 1)):
            monkeypatch.setattr(sys, "argv", ["ask.py", kind])
            assert ask.main() == code
