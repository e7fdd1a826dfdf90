"""An S3 that keeps nothing: it takes any upload and makes up what is asked for.

With it our SFTP process can be measured alone, with files no engine would hold. Of each object it
knows how many bytes came; a download gets as many zeros. It answers STS too: anyone gets a role.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

BLOCK = 1024 * 1024
WHEN = "Mon, 23 Nov 2026 09:00:00 GMT"
ROLE = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""
CREATED = "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>"
COMPLETED = '<CompleteMultipartUploadResult><ETag>"sink"</ETag></CompleteMultipartUploadResult>'


class SinkS3(ThreadingHTTPServer):
    """`sizes` are the bytes received of each object, by its path `/bucket/key`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.sizes: dict[str, int] = defaultdict(int)
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True
    server: SinkS3

    def handle_expect_100(self) -> bool:
        """Send the interim answer at once: the client waits for it."""
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def do_POST(self) -> None:
        self._received()
        path, _, query = self.path.partition("?")
        if path == "/":
            self._answer(ROLE)
        elif query == "uploads":
            self.server.sizes[path] = 0
            self._answer(CREATED)
        else:
            self._answer(COMPLETED)

    def do_PUT(self) -> None:
        size, (path, _, part) = self._received(), self.path.partition("?")
        with self.server.lock:
            self.server.sizes[path] = size + (self.server.sizes[path] if part else 0)
        self._answer("")

    def do_HEAD(self) -> None:
        self._begin(200, self.server.sizes[self.path])

    def do_GET(self) -> None:
        size = self.server.sizes[self.path]
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        left = int(last or size - 1) + 1 - int(first)
        self._begin(206 if "Range" in self.headers else 200, left)
        zeros = bytes(BLOCK)
        while left:
            left -= self.wfile.write(zeros[:left])

    def _received(self) -> int:
        length = left = int(self.headers.get("Content-Length", 0))
        while left:
            left -= len(self.rfile.read(min(left, BLOCK)))
        return length

    def _answer(self, body: str) -> None:
        self._begin(200, len(body))
        self.wfile.write(body.encode())

    def _begin(self, status: int, length: int) -> None:
        self.send_response(status)
        headers = {"ETag": '"sink"', "Last-Modified": WHEN, "Content-Length": str(length)}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: there are thousands of requests."""


@contextmanager
def sink_s3() -> Iterator[SinkS3]:
    """Serve on a free port of 127.0.0.1 while the block runs."""
    with SinkS3() as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()
