from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from emulator.credentials import assumed_session

ROLE = "arn:aws:iam::000000000000:role/quill"
ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>{expires}</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""


class Sts(ThreadingHTTPServer):
    """Answers AssumeRole; keeps what was asked, and who asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[dict[str, list[str]]] = []
        self.signed_by: list[str] = []
        self.lasts = timedelta(hours=1)


class _Answer(BaseHTTPRequestHandler):
    server: Sts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(parse_qs(body))
        self.server.signed_by.append(self.headers["Authorization"])
        expires = (datetime.now(UTC) + self.server.lasts).isoformat()
        answer = ANSWER.format(number=len(self.server.asked), expires=expires).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sts]:
    server = Sts()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOURCE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def access_key(session: object) -> str:
    credentials = session.get_credentials()  # type: ignore[attr-defined]
    return str(credentials.get_frozen_credentials().access_key)


def test_the_role_is_assumed_at_first_use_and_once(sts: Sts) -> None:
    session = assumed_session(ROLE, "acme", '{"Version": "2012-10-17"}', region="eu-central-1")
    assert sts.asked == []

    assert [access_key(session), access_key(session)] == ["ASIA1", "ASIA1"]
    assert session.region_name == "eu-central-1"
    [asked] = sts.asked
    assert asked["RoleArn"] == [ROLE]
    assert asked["RoleSessionName"] == ["acme"]
    assert asked["Policy"] == ['{"Version": "2012-10-17"}']
    assert "Credential=AKIASOURCE/" in sts.signed_by[0]


def test_credentials_about_to_expire_are_renewed(sts: Sts) -> None:
    sts.lasts = timedelta(minutes=5)
    session = assumed_session(ROLE, "acme", region="us-east-1")

    assert [access_key(session), access_key(session)] != ["ASIA1", "ASIA1"]
    assert "Policy" not in sts.asked[0]


def test_two_users_never_share_credentials(sts: Sts) -> None:
    sessions = [assumed_session(ROLE, name, region="us-east-1") for name in ("acme", "acme-corp")]

    assert [access_key(session) for session in sessions] == ["ASIA1", "ASIA2"]


def test_without_credentials_of_its_own_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(LookupError, match="'AWS_ACCESS_KEY_ID' is not set"):
        assumed_session(ROLE, "acme", region="us-east-1")
