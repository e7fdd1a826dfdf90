"""A server that never pauses and never ends is given up in time, with TLS and without."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sftp_watchdog.deadline import BoundedPoolManager, cut_after

HEAD = b"HTTP/1.1 202 Accepted\r\n"
# What comes at once, and what then comes again and again.
DRIPS = {
    "head": (HEAD + b"X-Slow: ", b"a"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
    "chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
}
SECONDS = 0.3


@contextmanager
def dripping(first: bytes, again: bytes, tls: ssl.SSLContext | None) -> Iterator[int]:
    """A server of one connection; gives its port."""
    done = threading.Event()

    def drip(listener: socket.socket) -> None:
        with suppress(OSError), listener.accept()[0] as accepted:
            connection = tls.wrap_socket(accepted, server_side=True) if tls else accepted
            with connection:
                connection.recv(65_536)
                connection.sendall(first)
                while not done.wait(0.02):
                    connection.sendall(again)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of its own for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "quill")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "quill.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_whatever_drips_ends_in_time(
    scheme: str, drip: tuple[bytes, bytes], certificate: Path
) -> None:
    tls = None
    if scheme == "https":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    pool = BoundedPoolManager(
        timeout=urllib3.Timeout(total=SECONDS), retries=False, ca_certs=str(certificate)
    )
    started = time.monotonic()
    with dripping(*drip, tls) as port:
        with pytest.raises((TimeoutError, urllib3.exceptions.TimeoutError)):
            read_all(pool, f"{scheme}://127.0.0.1:{port}/")
        # The drip alone lasts for ever.
        assert time.monotonic() - started < 10


def read_all(pool: BoundedPoolManager, url: str) -> None:
    response = pool.request("POST", url, preload_content=False)
    with cut_after(SECONDS, getattr(response.connection, "sock", None)):
        while response.read1(65_536):
            pass
