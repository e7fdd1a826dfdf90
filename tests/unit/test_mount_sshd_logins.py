"""Whose request for a file it is, and when a connection is over: real processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from emulator.files.activity import Record
from emulator.mount.logins import Logins
from tests.unit.quill_fakes import eventually
from tests.unit.sshd_fakes import ACME, ASKED, KEY, SERVER, Family, family


@pytest.fixture
def told() -> list[Record]:
    return []


@pytest.fixture
def logins(told: list[Record]) -> Logins:
    return Logins(told.append)


@pytest.fixture
def sshd() -> Iterator[Family]:
    with family() as made:
        yield made


def eventually_told(told: list[Record], *kinds: str) -> None:
    def look() -> None:
        assert [record.kind for record in told] == [*kinds]

    eventually(look)


def test_a_child_of_the_process_that_asked_belongs_to_its_user(
    logins: Logins, sshd: Family
) -> None:
    logins.asked(sshd.parent, SERVER, ACME, ASKED)
    login = logins.login_of(sshd.child)
    assert login
    assert (login.user, login.server, login.ssh_pid) == (ACME, SERVER, sshd.parent)
    assert logins.connection_of(sshd.child) == sshd.parent


def test_a_process_of_nobody_has_no_login(logins: Logins, sshd: Family) -> None:
    logins.asked(sshd.child, SERVER, ACME, ASKED)
    assert logins.login_of(sshd.parent) is None
    assert logins.login_of(os.getpid()) is None
    assert logins.connection_of(os.getpid()) == os.getpid()


def test_two_connections_of_one_user_are_two_sessions(logins: Logins, sshd: Family) -> None:
    with family() as other:
        for each in (sshd, other):
            logins.asked(each.parent, SERVER, ACME, ASKED)
        logins_found = [logins.login_of(each.child) for each in (sshd, other)]
        ids = {login.activity.session_id for login in logins_found if login}
        assert len(ids) == 2


def test_a_second_key_of_a_connection_counts_and_its_session_stays(
    logins: Logins, sshd: Family
) -> None:
    logins.asked(sshd.parent, SERVER, ACME, replace(ASKED, key="another"))
    first = logins.login_of(sshd.parent)
    logins.asked(sshd.parent, SERVER, replace(ACME, role="arn:new"), ASKED)
    second = logins.login_of(sshd.parent)
    assert first
    assert second
    assert second.activity.session_id == first.activity.session_id
    assert (second.asked.key, second.user.role) == (KEY, "arn:new")


def test_who_is_let_in_is_connected_and_then_disconnected(
    logins: Logins, sshd: Family, told: list[Record]
) -> None:
    logins.asked(sshd.parent, SERVER, ACME, ASKED)
    logins.accepted(("192.0.2.9", "4000"), "SHA256:other")
    assert told == []
    logins.accepted(ASKED.client, "SHA256:abc")
    logins.accepted(ASKED.client, "SHA256:abc")
    sshd.end_parent()
    eventually_told(told, "CONNECTED", "DISCONNECTED")
    assert told[0].fields == {
        "user": "acme",
        "role": "arn:role",
        "home-dir": "/b/acme",
        "source-ip": "192.0.2.1",
        "ssh-public-key": KEY,
        "ssh-public-key-fingerprint": "SHA256:abc",
        "ssh-public-key-type": "ssh-ed25519",
    }


def test_who_has_only_a_public_key_leaves_no_trace(
    logins: Logins, sshd: Family, told: list[Record]
) -> None:
    logins.asked(sshd.parent, SERVER, ACME, ASKED)
    sshd.end_parent()
    assert logins.end_all(10)
    assert told == []


def test_a_connection_is_over_when_the_last_of_its_processes_is(
    logins: Logins, sshd: Family, told: list[Record]
) -> None:
    logins.asked(sshd.parent, SERVER, ACME, ASKED)
    logins.accepted(ASKED.client, "SHA256:abc")
    assert logins.connection_of(sshd.child) == sshd.parent
    sshd.end_parent()
    assert not logins.end_all(0.2)
    eventually_told(told, "CONNECTED")
    sshd.end_child()
    eventually_told(told, "CONNECTED", "DISCONNECTED")


def test_ending_all_ends_each_and_waits(logins: Logins, told: list[Record]) -> None:
    with family() as one, family() as other:
        for number, each in enumerate((one, other)):
            asked = replace(ASKED, client=("192.0.2.1", str(number)))
            logins.asked(each.parent, SERVER, ACME, asked)
            logins.accepted(asked.client, "SHA256:abc")
        assert logins.end_all(10)
    eventually_told(told, *["CONNECTED"] * 2, *["DISCONNECTED"] * 2)


def test_a_process_that_is_gone_cannot_ask(logins: Logins, sshd: Family) -> None:
    sshd.end_parent()
    with pytest.raises(ProcessLookupError):
        logins.asked(sshd.parent, SERVER, ACME, ASKED)


def test_a_connection_with_the_number_of_one_that_is_gone_is_another(
    logins: Logins, sshd: Family
) -> None:
    logins.asked(sshd.parent, SERVER, ACME, ASKED)
    assert logins.connection_of(sshd.child) == sshd.parent
    sshd.end_parent()

    def ask_anew() -> bool:
        try:
            logins.asked(sshd.parent, SERVER, replace(ACME, name="other"), ASKED)
        except ProcessLookupError:
            return True
        return False

    def look() -> None:
        assert ask_anew()

    eventually(look)
    sshd.end_child()
