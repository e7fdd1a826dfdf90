"""What sshd's log tells that Transfer's log has, too: who came in, who did not, and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from emulator.files.activity import Kind

_CLIENT = r"(?P<address>\S+) port (?P<port>\d+)"
_ACCEPTED = re.compile(rf"Accepted publickey for \S+ from {_CLIENT} ssh2: \S+ (?P<key>SHA256:\S+)")
# One such line for each connection whose client named a user and never proved to be it.
_REFUSED = re.compile(
    r"(Connection closed by|Connection reset by|Disconnected from|Disconnecting) "
    rf"(authenticating|invalid) user (?P<user>.*) {_CLIENT}\b"
)
_NO_COMMON = re.compile(rf"Unable to negotiate with {_CLIENT}: (?P<reason>.*?)( \[preauth\])?$")
# The container's own health check looks whether somebody answers.
_HEALTH = re.compile(r"(Connection (closed|reset) by|Disconnected from) 127\.0\.0\.1 port \d+\b")

Accepted = Callable[[tuple[str, str], str], None]


class Record(Protocol):
    """Record something that belongs to no session."""

    def __call__(self, kind: Kind, **fields: str) -> None: ...  # noqa: D102


class SshdLog:
    """Read lines, tell `accepted(client, fingerprint)` and `record(kind, **fields)`."""

    def __init__(self, accepted: Accepted, record: Record) -> None:
        self._accepted = accepted
        self._record = record

    def read(self, line: str) -> bool:
        """Understand a line; False when nobody needs to see it."""
        if found := _ACCEPTED.match(line):
            self._accepted((found["address"], found["port"]), found["key"])
        elif found := _REFUSED.match(line):
            self._tell("AUTH_FAILURE", found, method="publickey", user=found["user"])
        elif found := _NO_COMMON.match(line):
            self._tell("KEX_FAILURE", found, message=found["reason"])
        return not _HEALTH.match(line)

    def _tell(self, kind: Kind, found: re.Match[str], **fields: str) -> None:
        self._record(kind, **fields, source_ip=found["address"])
