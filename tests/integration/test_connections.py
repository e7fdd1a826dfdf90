"""Connections that do what none should: they fill no memory, and cost nobody else anything."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator

import paramiko
import psutil
import pytest

from tests.integration.support import Environment, NewUser, put
from tests.integration.transfer_process import TransferProcess, relay_to, start_transfer

MIB = 1024 * 1024
READS = 800
OPEN, READ, MKDIR = 3, 5, 14


@pytest.fixture(scope="module")
def own(
    environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TransferProcess]:
    with start_transfer(environment, tmp_path_factory.mktemp("transfer")) as own:
        yield own


def string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def packet(kind: int, number: int, *fields: bytes) -> bytes:
    return string(struct.pack(">BI", kind, number) + b"".join(fields))


def flood(channel: paramiko.Channel, path: str) -> None:
    """Ask 800 times for 255 KiB of the file, and then for a folder."""
    channel.sendall(string(struct.pack(">BI", 1, 3)))
    reply = channel.recv(9)
    assert len(reply) == 9
    channel.sendall(packet(OPEN, 1, string(path.encode()), struct.pack(">II", 1, 0)))
    handle = channel.recv(4 + 1 + 4 + 4 + 8)[-8:]
    read = packet(READ, 2, string(handle), struct.pack(">QI", 0, 255 * 1024))
    channel.sendall(read * READS + packet(MKDIR, 3, string(b"done"), bytes(4)))


def test_who_does_not_read_fills_no_memory(own: TransferProcess) -> None:
    process = psutil.Process(own.process.pid)
    user, other = own.environment.new_user(), own.environment.new_user()
    with own.environment.sftp(user) as sftp, relay_to(own.environment.sftp_port) as relay:
        put(sftp, "file", b"x" * MIB)
        before = process.memory_info().rss
        with slow_reader(user, relay.port) as channel:
            flood(channel, "file")
            relay.hold()
            peak = before
            with own.environment.sftp(other) as busy:
                for _ in range(20):
                    put(busy, "file", b"y" * MIB)
                    peak = max(peak, process.memory_info().rss)
            assert sftp.listdir(".") == ["file"]
            relay.release()
            left = READS * (255 * 1024 + 13) + 4
            while left > 0:
                received = channel.recv(min(left, MIB))
                assert received
                left -= len(received)
                peak = max(peak, process.memory_info().rss)
    assert peak - before < 64 * MIB


@contextlib.contextmanager
def slow_reader(user: NewUser, port: int) -> Iterator[paramiko.Channel]:
    """A channel to SFTP with a window as wide as they come."""
    transport = paramiko.Transport(("127.0.0.1", port))
    try:
        transport.connect(username=user.name, pkey=user.key)
        channel = transport.open_session(window_size=2**31 - 1)
        channel.invoke_subsystem("sftp")
        channel.settimeout(60)
        yield channel
    finally:
        transport.close()


def test_two_hundred_who_say_nothing_keep_nobody_out(own: TransferProcess) -> None:
    process = psutil.Process(own.process.pid)
    before = process.memory_info().rss
    user = own.environment.new_user()
    with contextlib.ExitStack() as silent:
        for _ in range(200):
            address = ("127.0.0.1", own.environment.sftp_port)
            connection = silent.enter_context(socket.create_connection(address, timeout=10))
            assert connection.recv(100).startswith(b"SSH-2.0-")
        with own.environment.sftp(user) as sftp:
            put(sftp, "file", b"content")
        assert process.memory_info().rss - before < 64 * MIB


def test_files_are_limited_by_the_system_only(own: TransferProcess) -> None:
    soft, hard = psutil.Process(own.process.pid).rlimit(psutil.RLIMIT_NOFILE)
    assert soft == hard
