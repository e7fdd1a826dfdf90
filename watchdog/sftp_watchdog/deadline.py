"""HTTP connections on which an answer has to be complete in time.

A socket's time-out is for one read: a server that sends a byte now and then, or one `100 Continue`
after the other, would hold a worker until Lambda ends it, and with it the rest of the batch.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

_TOO_LONG = "the answer takes too long"


@contextmanager
def cut_after(seconds: float, sock: socket.socket | None) -> Iterator[None]:
    """Reads on `sock` within the context end after `seconds`; then it raises TimeoutError."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        if sock is not None:
            with suppress(OSError):
                # The plain one under TLS: another thread is in the middle of TLS's own.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if not over.is_set():
            raise
        raise TimeoutError(_TOO_LONG) from error
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError(_TOO_LONG)


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3 itself
        # urllib3 has set it to what is left of the total.
        left = self.timeout if isinstance(self.timeout, (int, float)) else 0
        with cut_after(left, self.sock):
            return super().getresponse()


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class BoundedPoolManager(PoolManager):
    """A PoolManager with which the time-out of a call bounds status and headers as a whole."""

    def __init__(self, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
