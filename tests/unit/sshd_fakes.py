"""For the tests of OpenSSH beside the mount: processes with parents, keys, users."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.mount.logins import Asked
from emulator.transfer.model import Server, SshPublicKey, User

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
SERVER = Server("s-1", "arn:s-1", "ONLINE", (), {"SecurityPolicyName": "x"})
PUBLIC = SshPublicKey("key-1", f"ssh-ed25519 {KEY} a comment, é", datetime.now(UTC))
ACME = User("s-1", "acme", "arn:acme", "arn:role", "/b/acme", ssh_public_keys=(PUBLIC,))
ASKED = Asked("acme", "ssh-ed25519", KEY, ("192.0.2.1", "4000"))

# Says its child's pid; the child lives as long as our end of its input.
_PARENT = """
import subprocess
child = subprocess.Popen(["/bin/cat"])
print(child.pid, flush=True)
child.wait()
"""


@dataclass(frozen=True)
class Family:
    """A process as sshd's for one connection, and its child as internal-sftp."""

    process: subprocess.Popen[str]
    child: int

    @property
    def parent(self) -> int:
        return self.process.pid

    def end_parent(self) -> None:
        """The child goes on."""
        self.process.kill()
        self.process.wait()

    def end_child(self) -> None:
        """The parent ends, too, if it is still there."""
        assert self.process.stdin
        self.process.stdin.close()


@contextmanager
def family() -> Iterator[Family]:
    command = [sys.executable, "-I", "-S", "-c", _PARENT]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        yield Family(process, int(process.stdout.readline()))
        process.kill()
