from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from hypothesis import given, settings
from hypothesis import strategies as st
from sftp_watchdog.errors import NoReceiptError, NoSecretError
from sftp_watchdog.quill import Notification, Quill, Receipt, Rejection, retry_after_seconds
from sftp_watchdog.secret import Secret, SecretStore

from tests.unit.watchdog_fakes import FakeSecrets, QuillServer, quill_server

NOTIFICATION = Notification(
    id="ab" * 32,
    project="acme-sales",
    bucket="b",
    key='acme/incoming/q3 sales+más "x" 100%\n.csv',
    version_id="v",
    size=0,
    etag="e",
    uploaded_at="2026-11-23T09:00:00.000Z",
    uploaded_by=None,
    deliver_to="acme/outgoing/",
)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[QuillServer]:
    with quill_server() as server:
        yield server


def secret_text(url: str, word: str = "t0ken") -> str:
    return json.dumps({"quill_url": url, "token": word})


def store(secrets: FakeSecrets, max_age: int = 30) -> SecretStore:
    return SecretStore(SecretsProvider(boto3_client=secrets), "dev/secret", max_age)


def quill(url: str, timeout: float = 5) -> Quill:
    return Quill(store(FakeSecrets(secret_text(url))), timeout)


def refusal(server: QuillServer) -> NoReceiptError:
    with pytest.raises(NoReceiptError) as caught:
        quill(server.url).tell(NOTIFICATION)
    return caught.value


def test_sends_what_the_contract_says(server: QuillServer) -> None:
    server.answer(202, {"receipt": "r-1"})
    assert quill(server.url + "/").tell(NOTIFICATION) == Receipt("r-1")
    [(path, headers, body)] = server.requests
    assert path == "/v1/projects/acme-sales/files"
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Idempotency-Key"] == "ab" * 32
    assert headers["Content-Type"] == "application/json"
    members = ["id", "project", "bucket", "key", "version_id", "size", "etag"]
    assert list(json.loads(body)) == [*members, "uploaded_at", "uploaded_by", "deliver_to"]
    assert json.loads(body)["key"] == NOTIFICATION.key
    assert json.loads(body)["uploaded_by"] is None


def test_withdraws_as_the_contract_says(server: QuillServer) -> None:
    server.answer(204)
    quill(server.url).withdraw("acme-sales", NOTIFICATION.id)
    [(path, headers, body)] = server.requests
    assert path == f"/v1/projects/acme-sales/files/{NOTIFICATION.id}"
    assert headers["Authorization"] == "Bearer t0ken"
    assert body == b""


@pytest.mark.parametrize("status", [200, 202, 302, 401, 404, 422, 429, 503])
def test_a_withdrawal_answered_otherwise_is_tried_again_later(
    server: QuillServer, status: int
) -> None:
    server.answer(status, {"receipt": "r-1"}, Retry_After="7")
    with pytest.raises(NoReceiptError, match=f"answered {status}") as caught:
        quill(server.url).withdraw("acme-sales", NOTIFICATION.id)
    assert caught.value.after == 7


def test_a_rejection_keeps_quills_words_but_not_without_end(server: QuillServer) -> None:
    server.answer(422, "no such column: 'Préis'")
    assert quill(server.url).tell(NOTIFICATION) == Rejection("no such column: 'Préis'")
    server.answers.clear()
    server.answer(422, "x" * 1_000_000)
    answer = quill(server.url).tell(NOTIFICATION)
    assert isinstance(answer, Rejection)
    assert len(answer.reason) == 1_000
    server.answers.clear()
    server.answer(422)
    assert quill(server.url).tell(NOTIFICATION) == Rejection("no reason given")


@pytest.mark.parametrize(
    "status", [200, 201, 204, 302, 307, 400, 401, 403, 404, 409, 429, 500, 503]
)
def test_every_other_status_is_tried_again_later(server: QuillServer, status: int) -> None:
    body = "" if status == 204 else '{"receipt": "r-1"}'
    server.answer(status, body, Location=f"{server.url}/elsewhere")
    assert f"Quill answered {status}" in str(refusal(server))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "accepted",
        "[]",
        "{}",
        '{"receipt": ""}',
        '{"receipt": 7}',
        '{"receipt": "\\ud800"}',
        "[" * 60_000,
    ],
)
def test_an_answer_that_is_no_receipt_is_tried_again_later(server: QuillServer, body: str) -> None:
    server.answer(202, body)
    assert "that is no receipt" in str(refusal(server))


def test_a_dropped_connection_is_tried_again_later(server: QuillServer) -> None:
    server.answer(0)
    assert "cannot be reached" in str(refusal(server))


def test_a_cut_answer_is_tried_again_later(server: QuillServer) -> None:
    server.answer(202, '{"receipt": "r-1"}', Content_Length="100", Connection="close")
    assert "broke off its answer" in str(refusal(server))


def test_a_refused_connection_is_tried_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoReceiptError, match="cannot be reached"):
        quill(f"http://127.0.0.1:{port}").tell(NOTIFICATION)


def test_a_silent_quill_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(NoReceiptError, match="ReadTimeoutError"):
            quill(url, timeout=0.05).tell(NOTIFICATION)


def test_a_dripping_quill_is_given_up() -> None:
    done = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 9999\r\n\r\n")
            while not done.wait(0.02):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with pytest.raises(NoReceiptError, match="broke off its answer"):
                quill(url, timeout=0.5).tell(NOTIFICATION)
        finally:
            done.set()
            thread.join()


def test_retry_after_is_passed_on(server: QuillServer) -> None:
    server.answer(429, Retry_After="120")
    assert refusal(server).after == 120


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("Mon, 23 Nov 2026 09:01:00 -0000", 60),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Mon, 99 Nov 2026 09:01:00 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: int | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text())
@settings(max_examples=30)
def test_any_retry_after_is_read_or_passed_over(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_read_anew_next_time(server: QuillServer, status: int) -> None:
    server.answer(status)
    server.answer(202, {"receipt": "r-1"})
    secrets = FakeSecrets(secret_text(server.url, "wrong"))
    client = Quill(store(secrets), 5)
    with pytest.raises(NoReceiptError, match="correct the token"):
        client.tell(NOTIFICATION)
    secrets.text = secret_text(server.url, "right")
    assert client.tell(NOTIFICATION) == Receipt("r-1")
    sent = [headers["Authorization"] for _, headers, _ in server.requests]
    assert sent == ["Bearer wrong", "Bearer right"]


def test_the_secret_is_kept_for_a_while() -> None:
    secrets = FakeSecrets(secret_text("https://quill.example/"))
    kept = store(secrets)
    assert kept.current() == kept.current() == Secret("https://quill.example", "t0ken")
    assert secrets.reads == 1
    assert "t0ken" not in repr(kept.current())


@pytest.mark.parametrize(
    "text",
    [
        "s3cret",
        "[]",
        "{}",
        '{"quill_url": "https://q", "token": ""}',
        '{"quill_url": "https://q", "token": 7}',
        '{"quill_url": "ftp://q", "token": "s3cret"}',
        '{"quill_url": "https://", "token": "s3cret"}',
        '{"quill_url": "https://[", "token": "s3cret"}',
        '{"quill_url": "https://q", "token": "s3cret\\nX: y"}',
        '{"quill_url": "https://q", "token": "s3cr\\u00e9t"}',
    ],
)
def test_a_broken_secret_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(NoSecretError, match="secret is broken: 'dev/secret'") as caught:
        store(FakeSecrets(text)).current()
    assert "s3cr" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_secret_is_told() -> None:
    with pytest.raises(NoSecretError, match="cannot be read: 'dev/secret'"):
        store(FakeSecrets("")).current()
