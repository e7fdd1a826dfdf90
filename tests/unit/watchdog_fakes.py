"""Stand-ins the watchdog's tests pass as arguments."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from sftp_watchdog.quill import Notification, Receipt

ROUTES = """
[[route]]
project   = "acme-sales"
directory = "acme/incoming"
stories   = "acme/outgoing"
"""


def client_error(status: int, code: str = "") -> ClientError:
    response = {
        "Error": {"Code": code or str(status)},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(cast("Any", response), "Operation")


class FakeS3:
    """One bucket with `watchdog.config`; raises the failures it is given."""

    def __init__(self, config: str | bytes | None = ROUTES) -> None:
        self.config = config
        self.metadata: dict[str, str] = {"user-agent-id": "acme@s-1234567890abcdef0"}
        self.failure: Exception | None = None
        self.head_failure: Exception | None = None
        self.gets: list[dict[str, Any]] = []
        self.heads: list[dict[str, Any]] = []

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.gets.append(request)
        if self.failure:
            raise self.failure
        if self.config is None:
            raise client_error(404, "NoSuchKey")
        etag = f'"{hash(self.config)}"'
        if request.get("IfNoneMatch") == etag:
            raise client_error(304)
        content = self.config if isinstance(self.config, bytes) else self.config.encode()
        return {"Body": io.BytesIO(content), "ETag": etag}

    def head_object(self, **request: Any) -> dict[str, Any]:
        self.heads.append(request)
        if failure := self.failure or self.head_failure:
            raise failure
        return {"Metadata": self.metadata}


class FakeBucket:
    """S3 with one bucket, in memory: conditional writes and lists, as the ledger uses them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.failure: Exception | None = None
        self.puts: list[str] = []

    def put_object(self, **request: Any) -> dict[str, Any]:
        self._fail()
        key, body = request["Key"], request["Body"]
        if request.get("IfNoneMatch") and key in self.objects:
            raise client_error(412, "PreconditionFailed")
        if "IfMatch" in request and key not in self.objects:
            raise client_error(404, "NoSuchKey")
        if request.get("IfMatch", self._etag(key)) != self._etag(key):
            raise client_error(412, "PreconditionFailed")
        self.objects[key] = body
        self.puts.append(key)
        return {"ETag": self._etag(key)}

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._fail()
        if request["Key"] not in self.objects:
            raise client_error(404, "NoSuchKey")
        body = self.objects[request["Key"]]
        return {"Body": io.BytesIO(body), "ETag": self._etag(request["Key"])}

    def delete_object(self, **request: Any) -> None:
        self._fail()
        self.objects.pop(request["Key"], None)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_objects_v2"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Two names to a page."""
        self._fail()
        prefix, after = request["Prefix"], request.get("StartAfter", "")
        found = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        for start in range(0, len(found), 2):
            yield {"Contents": [{"Key": key} for key in found[start : start + 2]]}

    def _etag(self, key: str) -> str:
        return f'"{hashlib.md5(self.objects.get(key, b"")).hexdigest()}"'  # noqa: S324

    def _fail(self) -> None:
        if self.failure:
            raise self.failure


class FakeSecrets:
    """Secrets Manager with one secret."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.reads = 0

    def get_secret_value(self, **_: Any) -> dict[str, Any]:
        self.reads += 1
        if not self.text:
            raise client_error(400, "ResourceNotFoundException")
        return {"SecretString": self.text}


@dataclass
class FakeSqs:
    failure: Exception | None = None
    delays: dict[str, int] = field(default_factory=dict)

    def change_message_visibility(self, **request: Any) -> None:
        if self.failure:
            raise self.failure
        self.delays[request["ReceiptHandle"]] = request["VisibilityTimeout"]


class FakeQuill:
    """Takes everything; `told` is what it was told, in order. One id has one receipt."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def tell(self, notification: Notification) -> Receipt:
        self.told.append(json.loads(json.dumps(asdict(notification)).encode()))
        return Receipt(f"r-{notification.id[:8]}")


@dataclass
class FakeContext:
    """`seconds` are what is left at each look, the last for good."""

    seconds: list[float] = field(default_factory=lambda: [60.0])
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]))


class Log:
    """A Powertools logger and the lines it wrote."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.logger = Logger(service=f"test-{uuid.uuid4()}", stream=self._stream)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def lines(self, message: str = "") -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if message in line["message"]]


@dataclass
class QuillServer:
    """Gives `answers` in turn, the last for good, and keeps the requests."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def answer(self, status: int, body: object = "", **headers: str) -> None:
        content = body if isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, content.encode()))


@contextmanager
def quill_server() -> Iterator[QuillServer]:
    quill = QuillServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet per answer: two would wait for each other (Nagle, delayed ACK) for 40 ms.
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            quill.requests.append((self.path, dict(self.headers), body))
            status, headers, content = (
                quill.answers.pop(0) if len(quill.answers) > 1 else quill.answers[0]
            )
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_DELETE(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            """Tests read the requests instead."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client may hang up: that is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    quill.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.001})
    thread.start()
    try:
        yield quill
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
