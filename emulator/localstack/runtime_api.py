"""Lambda's Runtime API, over which a runtime process takes invocations and gives answers.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

from emulator.localstack.function import Invocation

PREFIX = "/2018-06-01/runtime"
ANSWER = re.compile(rf"{PREFIX}/invocation/([^/]+)/(response|error)")
# Lambda's limit for an answer.
LARGEST_ANSWER = 6 * 1024 * 1024 + 100


@dataclass(frozen=True)
class Ready:
    """The runtime has loaded the handler, or is done with an invocation, and asks for the next."""


@dataclass(frozen=True)
class Answered:
    """The handler returned, or raised: then `payload` is the error."""

    payload: bytes
    is_error: bool


@dataclass(frozen=True)
class InitFailed:
    """The handler could not be loaded."""

    payload: bytes


@dataclass(frozen=True)
class Exited:
    """The process is gone; `status` is below zero for the signal that ended it."""

    status: int


Event = Ready | Answered | InitFailed | Exited


TOO_LARGE = Answered(
    json.dumps(
        {
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size"
            f" ({LARGEST_ANSWER} bytes).",
        }
    ).encode(),
    is_error=True,
)


class RuntimeApi(ThreadingHTTPServer):
    """The API of one runtime process, on a free port of the loopback.

    What the process does comes out of `events`, in order.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"127.0.0.1:{self.server_port}"
        self.events: SimpleQueue[Event] = SimpleQueue()
        self._given: SimpleQueue[tuple[Invocation, float] | None] = SimpleQueue()
        self.current = ""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def give(self, invocation: Invocation, seconds: float) -> None:
        """Hand the runtime its next invocation, to be answered within `seconds`."""
        self.current = invocation.request_id
        self._given.put((invocation, time.time() + seconds))

    def taken(self) -> tuple[Invocation, float] | None:
        """Wait for the next invocation and its deadline (Unix time); None when there is no more."""
        self.events.put(Ready())
        return self._given.get()

    def handle_error(self, *_: object) -> None:
        """A process that is killed while it talks is no error of this server's."""

    def close(self) -> None:
        """Serve no more; a runtime that waits for an invocation gets none."""
        self._given.put(None)
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"
    # Headers and body go out as one packet, at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != f"{PREFIX}/invocation/next":
            self._reply(HTTPStatus.NOT_FOUND)
        elif given := self.server.taken():
            self._reply(HTTPStatus.OK, given[0].payload, _headers(*given))
        else:
            self.close_connection = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == f"{PREFIX}/init/error":
            self.server.events.put(InitFailed(body))
            self._reply(HTTPStatus.ACCEPTED)
        elif answer := ANSWER.fullmatch(self.path):
            self._reply(self._answered(answer[1], answer[2], body))
        else:
            self._reply(HTTPStatus.NOT_FOUND)

    def _answered(self, request_id: str, kind: str, body: bytes) -> HTTPStatus:
        if request_id != self.server.current:
            return HTTPStatus.BAD_REQUEST
        self.server.current = ""
        too_large = len(body) > LARGEST_ANSWER
        answer = Answered(body, kind == "error")
        self.server.events.put(TOO_LARGE if too_large else answer)
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.ACCEPTED

    def _reply(
        self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The function's log tells all there is to tell."""


def _headers(invocation: Invocation, deadline: float) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        "Lambda-Runtime-Trace-Id": invocation.trace_id,
    }
