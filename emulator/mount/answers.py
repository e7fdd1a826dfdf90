"""The Unix socket on which `ask.py` asks: keys for sshd, health for the container's engine."""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingMixIn, UnixStreamServer
from threading import Thread

log = logging.getLogger(__name__)

LIMIT = 64 * 1024  # an RSA key of 16,384 bits has 3 KB

# Of the words after the first, from the process with this pid; nothing is said by "".
Answer = Callable[[list[str], int], str]


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, file: Path, uid: int, answers: dict[str, Answer]) -> None:
        self.uid, self.answers = uid, answers
        super().__init__(str(file), _Asked)


class _Asked(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        credentials = self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid, uid, _ = struct.unpack("3i", credentials)
        if uid not in (self.server.uid, os.getuid()):
            log.warning("not answered: 'uid %d' - the socket is sshd's and root's", uid)
            return
        kind, *words = self.rfile.read(LIMIT).decode(errors="replace").split("\n")
        if answer := self.server.answers.get(kind):
            self.wfile.write(answer(words, pid).encode())


@contextmanager
def answering(file: Path, uid: int, answers: dict[str, Answer]) -> Iterator[None]:
    """Answer this user's processes and our own by the kind of their question, until the end."""
    file.unlink(missing_ok=True)
    with _Server(file, uid, answers) as server:
        # Who may ask is decided by the kernel's word on who asks: sshd's users are in their chroot.
        file.chmod(0o666)
        Thread(target=server.serve_forever, args=(0.1,), name="answers", daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
            file.unlink()
