"""Fuzzing over the wire: users of a running environment, and what the bucket and the server hold.

Nothing of our packages is imported here, as in the integration tests.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import zip_longest

import paramiko
import psutil

from tests.fuzz.model import Model
from tests.fuzz.packets import Stream, ids_given, ids_owed, until_broken
from tests.fuzz.places import Root
from tests.fuzz.player import Player
from tests.fuzz.steps import Program, odd_objects, play, scene
from tests.integration.raw_sftp import PATIENCE_SECONDS, RawSftp
from tests.integration.support import HOME_POLICY, Environment, NewUser, Running, eventually

FINDINGS = ("Traceback", "request failed", "channel failed", "S3 could not be reached")
GROWTH_LIMIT = 300 * 1024 * 1024  # bytes of memory over what the server had at the beginning


class Live:
    """Users and their part of the bucket, in a scene of their own name."""

    def __init__(self, running: Running) -> None:
        self.environment = running.environment
        self.name = f"fuzz-{uuid.uuid4().hex[:8]}"
        self.roots = scene(self.environment.bucket, self.name)
        self.users = [self._user(root) for root in self.roots]
        # Has a home beside the scene: no listing of versions on ministack outlives a name with a
        # control character, and broken packets may ask for such names.
        self.loner = self.environment.new_user()
        self.s3 = self.environment.client("s3")
        self._ignores_setstat = _ignores_setstat(self.environment)
        self._log = running.state / "logs" / "transfer.log"
        self._logged = self._log.stat().st_size
        self._server = _server(running)
        self._memory = self._server.memory_info().rss

    def _user(self, root: Root) -> NewUser:
        if root.mappings is None:
            return self.environment.new_user(root.name, HOME_POLICY, HomeDirectory=root.start)
        mappings = [
            {"Entry": entry, "Target": target, **({"Type": "FILE"} if entry in root.files else {})}
            for entry, target in root.mappings.items()
        ]
        return self.environment.new_user(
            root.name, None, HomeDirectoryType="LOGICAL", HomeDirectoryMappings=mappings
        )

    def wipe(self) -> None:
        """Remove all the scene's objects, and their older versions with them."""
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.environment.bucket, Prefix=self.name
        )
        for page in pages:
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            if keys:
                self.s3.delete_objects(Bucket=self.environment.bucket, Delete={"Objects": keys})

    def fill(self) -> dict[str, bytes]:
        """Begin anew, with the odd objects only; gives them."""
        self.wipe()
        odd = odd_objects(self.name)
        for key, body in odd.items():
            self.s3.put_object(Bucket=self.environment.bucket, Key=key, Body=body)
        return odd

    def etags(self) -> dict[str, str]:
        """All the scene's objects, by key."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.environment.bucket, Prefix=self.name
        )
        return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])}

    def check(self) -> None:
        """The server is the one that was there, bounded, without a failure in its log, and serves.

        A failure: an exception that nobody thought of. What a client does wrong is none.
        """
        assert self._server.is_running(), "the server died"
        grown = self._server.memory_info().rss - self._memory
        assert grown < GROWTH_LIMIT, f"the server has grown by {grown >> 20} MiB"
        logged = self._newly_logged()
        found = [word for word in FINDINGS if word in logged]
        assert not found, f"logged: {logged[logged.index(found[0]) :][:3000]}"
        with self.environment.ssh(self.users[0]) as transport:
            assert Player(RawSftp(transport)).stat("/") is None

    def _newly_logged(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._logged)
            text = log.read().decode(errors="replace")
            self._logged = log.tell()
        return text

    @contextmanager
    def connections(self) -> Iterator[list[paramiko.Transport]]:
        """One for each user of the scene."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.environment.ssh(user)) for user in self.users]

    def play(self, program: Program, transports: list[paramiko.Transport]) -> int:
        """Play a program on new channels from the beginning, hang up, and compare the bucket."""
        expected = self.fill()
        models = [
            Model(root, expected, ignores_setstat=self._ignores_setstat) for root in self.roots
        ]
        with ExitStack() as hang_up:
            channels = [RawSftp(transport) for transport in transports]
            for channel in channels:
                hang_up.callback(channel.channel.close)
            steps = play(program, models, [Player(channel) for channel in channels])
        for model in models:
            model.cut()
        etags = {key: _etag(data) for key, data in expected.items()}

        def compare() -> None:
            odd = self.etags().items() ^ etags.items()
            assert not odd, f"in the bucket or expected, not both: {sorted(odd)}"

        # What was cut is stored in the server's own time, which a busy machine stretches.
        eventually(compare, PATIENCE_SECONDS)
        return steps

    def talk(self, streams: list[Stream], transport: paramiko.Transport) -> int:
        """Send streams on channels of a loner's connection, piece by piece; gives the packets.

        Nothing goes to a channel that the server is about to close: the client may lose that race,
        and a message for a channel that is no more costs it the connection.
        """
        channels = [_channel(transport) for _ in streams]
        pieces, broken = zip(*map(until_broken, streams), strict=True) if streams else ((), ())
        for together in zip_longest(*pieces, fillvalue=b""):
            for channel, piece in zip(channels, together, strict=True):
                if piece:
                    channel.sendall(piece)
        for stream, channel, is_broken in zip(streams, channels, broken, strict=True):
            if not is_broken:
                channel.shutdown_write()
            given, owed = ids_given(_rest(channel)), ids_owed(stream)
            channel.close()
            assert given == owed, f"answered {given}, owed {owed}"
        return sum(map(len, pieces))


def _channel(transport: paramiko.Transport) -> paramiko.Channel:
    channel = transport.open_session()
    channel.settimeout(PATIENCE_SECONDS)
    channel.invoke_subsystem("sftp")
    return channel


def _rest(channel: paramiko.Channel) -> bytes:
    received = bytearray()
    while piece := channel.recv(65_536):
        received += piece
    return bytes(received)


def _server(running: Running) -> psutil.Process:
    children = psutil.Process(running.process.pid).children(recursive=True)
    [server] = [each for each in children if "emulator.transfer_service" in each.cmdline()]
    return server


def _ignores_setstat(environment: Environment) -> bool:
    server = environment.client("transfer").describe_server(ServerId=environment.server_id)
    details = server["Server"].get("ProtocolDetails", {})
    return bool(details.get("SetStatOption") == "ENABLE_NO_OP")


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
