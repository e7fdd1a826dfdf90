"""Servers in Quill's place that break HTTP itself, which the fake's ordered faults cannot."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PIECE_SECONDS = 0.2
HEAD = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"

Mood = Callable[["Call"], None]


@dataclass(frozen=True)
class Call:
    """One connection, its request read; `over` is set when the server stops."""

    connection: socket.socket
    over: threading.Event

    def send(self, *pieces: bytes) -> None:
        """Send at once; what the caller does not take any more is dropped."""
        with contextlib.suppress(OSError):
            self.connection.sendall(b"".join(pieces))

    def dribble(self, endless: Iterator[bytes]) -> None:
        """Send piece after piece, never pausing long enough for a socket's time-out."""
        with contextlib.suppress(OSError):
            while not self.over.wait(PIECE_SECONDS):
                self.connection.sendall(next(endless))

    def pour(self, endless: Iterator[bytes]) -> None:
        """Send piece after piece as fast as they are taken."""
        with contextlib.suppress(OSError):
            while not self.over.is_set():
                self.connection.sendall(next(endless))


def _forever(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def silent(call: Call) -> None:
    """The connection is open, and nothing comes."""
    call.over.wait()


def dribbled_head(call: Call) -> None:
    """The headers come byte by byte and do not end."""
    call.send(HEAD, b"X-Slow: ")
    call.dribble(_forever(b"a"))


def dribbled_body(call: Call) -> None:
    """So does the body."""
    call.send(HEAD, b'Content-Length: 100000\r\n\r\n{"receipt": "')
    call.dribble(_forever(b"a"))


def dribbled_chunk(call: Call) -> None:
    """So does the size of a chunk."""
    call.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n")
    call.dribble(_forever(b"0"))


def continues(call: Call) -> None:
    """It is about to answer, it says, again and again."""
    call.dribble(_forever(b"HTTP/1.1 100 Continue\r\n\r\n"))


def huge_body(call: Call) -> None:
    """A receipt that does not end."""
    call.send(HEAD, b'\r\n{"receipt": "')
    call.pour(_forever(b"a" * 65_536))


def huge_head(call: Call) -> None:
    """More headers than anybody reads."""
    call.send(HEAD)
    call.pour(_forever(b"X-More: " + b"a" * 1000 + b"\r\n"))


def broken_chunks(call: Call) -> None:
    """Chunks whose sizes are none."""
    call.send(HEAD, b'Transfer-Encoding: chunked\r\n\r\nZZ\r\n{"receipt": "r"}\r\n0\r\n\r\n')


def half_an_answer(call: Call) -> None:
    """The answer breaks off, though what has come could be read."""
    call.send(HEAD, b'Content-Length: 1000\r\n\r\n{"receipt": "half of it"}')


def no_http(call: Call) -> None:
    """Another protocol."""
    call.send(b"SSH-2.0-OpenSSH_9.6\r\n")


def plain_text_receipt(call: Call) -> None:
    """A receipt under a wrong name: what counts is what it is."""
    body = b'{"receipt": "told as text"}'
    call.send(b"HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\n")
    call.send(b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body), body)


@dataclass
class BadQuill:
    """A running server; `calls` counts the connections it got."""

    url: str
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextlib.contextmanager
def serving(mood: Mood) -> Iterator[BadQuill]:
    """Serve on a free port of the loopback until the end, each connection in its own thread."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with served.lock:
                served.calls += 1
            with contextlib.suppress(OSError):
                self.request.recv(65_536)
                mood(Call(self.request, over))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        served = BadQuill(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield served
        finally:
            over.set()
            server.shutdown()
            thread.join()
