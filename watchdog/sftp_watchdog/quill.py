"""Telling Quill about an upload, and what its answers mean."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import urllib3
from urllib3.exceptions import HTTPError

from .deadline import BoundedPoolManager, cut_after
from .errors import NoReceiptError, RefusedError
from .secret import SecretStore

# More than any receipt; enough of a rejection to understand it.
_ANSWER_BYTES = 64 * 1024
_REASON_CHARACTERS = 1_000


@dataclass(frozen=True)
class Notification:
    """What Quill is told, member for member and in this order the JSON of its contract."""

    id: str
    project: str
    bucket: str
    key: str
    version_id: str
    size: int
    etag: str
    uploaded_at: str
    uploaded_by: str | None
    deliver_to: str


@dataclass(frozen=True)
class Receipt:
    """Quill has the notification, and will not act on the same id twice."""

    text: str


@dataclass(frozen=True)
class Rejection:
    """Quill will not take this upload (422), in its own words: telling it again changes nothing."""

    reason: str


@dataclass(frozen=True)
class _Answer:
    status: int
    retry_after: str | None
    body: bytes


class Quill:
    """Quill's contract: `POST` and `DELETE` at `{quill_url}/v1/projects/{project}/files`."""

    def __init__(self, secrets: SecretStore, timeout_seconds: float) -> None:
        self._secrets = secrets
        self._timeout = timeout_seconds
        # Nothing added: TLS is verified, proxy variables are not looked at. `retries=False`:
        # no second try and no redirect, which would take the token elsewhere. The queue retries.
        self._pool = BoundedPoolManager(
            timeout=urllib3.Timeout(total=timeout_seconds), retries=False
        )

    def tell(self, notification: Notification) -> Receipt | Rejection:
        """Tell Quill; NoSecretError or NoReceiptError when it has to be told again later."""
        answer = self._ask("POST", notification.project, notification.id, notification)
        if answer.status == 422:
            return Rejection(_words(answer.body) or "no reason given")
        if answer.status == 202 and (text := _receipt(answer.body)):
            return Receipt(text)
        raise self._refusal(answer)

    def withdraw(self, project: str, upload_id: str) -> None:
        """Take an upload back, known to Quill or not; errors as those of `tell`."""
        answer = self._ask("DELETE", project, upload_id)
        if answer.status != 204:
            raise self._refusal(answer)

    def _ask(
        self, method: str, project: str, upload_id: str, notification: Notification | None = None
    ) -> _Answer:
        deadline = time.monotonic() + self._timeout
        path = f"/v1/projects/{quote(project, safe='')}/files"
        if notification is None:
            path = f"{path}/{upload_id}"
        response = self._request(method, path, upload_id, notification)
        try:
            body = _read(response, deadline)
        except (HTTPError, TimeoutError) as error:
            raise NoReceiptError(
                f"Quill broke off its answer: {_name(error)} - told again later"
            ) from error
        finally:
            response.close()
        return _Answer(response.status, response.headers.get("Retry-After"), body)

    def _request(
        self, method: str, path: str, upload_id: str, notification: Notification | None
    ) -> urllib3.BaseHTTPResponse:
        secret = self._secrets.current()
        headers = {"Authorization": f"Bearer {secret.token}", "Idempotency-Key": upload_id}
        body = None
        if notification:
            headers["Content-Type"] = "application/json"
            body = json.dumps(asdict(notification)).encode()
        try:
            return self._pool.request(
                method, secret.quill_url + path, body=body, headers=headers, preload_content=False
            )
        except (HTTPError, ValueError) as error:
            raise NoReceiptError(
                f"Quill cannot be reached: {secret.quill_url!r}: {_name(error)} - told again later"
            ) from error

    def _refusal(self, answer: _Answer) -> NoReceiptError:
        is_refused = answer.status in (401, 403, 404)
        if is_refused:
            self._secrets.forget()
        return (RefusedError if is_refused else NoReceiptError)(
            f"Quill answered {answer.status}: {_words(answer.body)!r} - {_hint(answer.status)}",
            after=retry_after_seconds(answer.retry_after, datetime.now(UTC)),
        )


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """As much of the answer as is of use, and only until `deadline`."""
    body = b""
    while len(body) < _ANSWER_BYTES:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        with cut_after(left, getattr(response.connection, "sock", None)):
            piece = response.read1(_ANSWER_BYTES)
        if not piece:
            break
        body += piece
    return body


def _receipt(body: bytes) -> str | None:
    try:
        receipt = json.loads(body)["receipt"]
        # Half a surrogate pair can be neither logged nor kept.
        return receipt if receipt.encode() else None
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None


def _words(body: bytes) -> str:
    return body.decode(errors="replace").strip()[:_REASON_CHARACTERS]


def _hint(status: int) -> str:
    return {
        202: "that is no receipt: told again later",
        401: "correct the token in the secret",
        403: "correct the token in the secret",
        404: "check the route's project and the secret's quill_url",
    }.get(status, "told again later")


def retry_after_seconds(retry_after: str | None, now: datetime) -> int | None:
    """Retry-After in seconds: a number, or a date (RFC 9110, 10.2.3); None when it is neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round((aware - now).total_seconds()))


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_REASON_CHARACTERS]
