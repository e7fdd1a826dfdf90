from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, replace

import pytest

from quillgate.errors import StartError
from quillgate.ports import HOST, Ports, default_ports, free_ports, listens


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody listens on."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_the_default_ports_are_those_of_the_interface() -> None:
    assert Ports() == Ports(engine=4566, transfer=4567, sftp=2222, quill=8088, console=8080)


def test_a_default_port_in_use_is_named() -> None:
    with socket.socket() as ours:
        # Taken by us or, when another environment runs on this machine, by that.
        with suppress(OSError):
            ours.bind((HOST, Ports().engine))
            ours.listen()
        with pytest.raises(StartError) as refused:
            default_ports()
    assert str(refused.value) == (
        "port in use (engine): '4566' - stop what listens there, or: --ports auto"
    )


def test_free_ports_are_all_different_and_free() -> None:
    ports = astuple(free_ports())
    assert len(set(ports)) == len(ports)
    # Below what systems give to outgoing connections, which could take one at any time.
    assert all(1024 < port < 32_768 for port in ports)
    for port in ports:
        assert not listens(port)
        with socket.create_server((HOST, port)):
            assert listens(port)


def test_ports_of_an_earlier_run_are_used_again() -> None:
    earlier = free_ports()
    assert free_ports(earlier) == earlier


def test_when_one_of_them_is_taken_all_are_chosen_anew(taken: int) -> None:
    earlier = replace(free_ports(), sftp=taken)
    chosen = astuple(free_ports(earlier))
    assert taken not in chosen
    assert not set(chosen) & set(astuple(earlier))


def test_a_port_that_is_taken_listens(taken: int) -> None:
    assert listens(taken)
