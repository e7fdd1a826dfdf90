"""The console's customers over HTTP, and what a change there means over SFTP."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx2
import paramiko
import pytest

from tests.integration.support import FRESH_SECONDS, Environment, NewUser, eventually, put

# Its sign-in is local: a deployed console has another.
pytestmark = pytest.mark.embedded
REFUSED = paramiko.AuthenticationException


@dataclass
class Support:
    """Somebody of the support staff, in a browser without JavaScript."""

    client: httpx2.Client
    token: str = field(init=False)

    def __post_init__(self) -> None:
        page = self.client.get("/changes").text
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        assert found, page
        self.token = found[1]
        self.client.post("/role", data={"csrf": self.token, "role": "support"})

    def see(self, path: str) -> str:
        """The text of a page."""
        return self._text(self.client.get(path), 200)

    def change(self, path: str, status: int = 200, **fields: str) -> str:
        """The text of the page that a form leads to."""
        return self._text(self.client.post(path, data={"csrf": self.token, **fields}), status)

    def upload(self, path: str, content: bytes, **fields: str) -> str:
        """The text of the page that a form with a chosen file leads to."""
        data = {"csrf": self.token, **fields}
        return self._text(self.client.post(path, data=data, files={"file": ("a", content)}), 200)

    def _text(self, answer: httpx2.Response, status: int) -> str:
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)


@pytest.fixture
def support(environment: Environment) -> Iterator[Support]:
    url = environment.console_url
    with httpx2.Client(base_url=url, timeout=60, follow_redirects=True, trust_env=False) as client:
        yield Support(client)


@pytest.fixture
def new_name(environment: Environment) -> Callable[[], str]:
    """Names of customers, who are gone after the tests."""

    def name() -> str:
        made = f"customer-{uuid.uuid4().hex[:12]}"
        environment.users_made.append((environment.server_id, made))
        return made

    return name


def line(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def putty(key: paramiko.PKey) -> str:
    """As PuTTYgen saves a public key."""
    body = re.sub("(.{64})", r"\1\n", key.get_base64())
    head = '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "ecdsa-key-20261123"'
    return f"{head}\n{body}\n---- END SSH2 PUBLIC KEY ----\n"


def send_a_file(environment: Environment, user: NewUser) -> None:
    """Log in as the user and upload; a front end may learn of the user only within seconds."""

    def look() -> None:
        with environment.sftp(user) as sftp:
            put(sftp, "incoming/a.csv", b"n\n1\n")

    eventually(look, FRESH_SECONDS, not_yet=(REFUSED,))


def let_nobody_in(environment: Environment, user: NewUser) -> None:
    def look() -> None:
        try:
            with environment.ssh(user):
                raise AssertionError(f"{user.name} is let in")
        except REFUSED:
            return

    eventually(look, FRESH_SECONDS)


def test_a_customers_life(
    environment: Environment, support: Support, new_name: Callable[[], str]
) -> None:
    name, old, new = new_name(), paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    first, second = NewUser(name, name, old), NewUser(name, name, new)
    page = support.change("/customers", name=name, keys=putty(old))
    assert f"sftp -P {environment.sftp_port} {name}@{environment.sftp_host}" in page
    assert old.fingerprint in page
    send_a_file(environment, first)

    page = support.change(f"/customers/{name}/keys", keys=line(new), replaces=old.fingerprint)
    assert "The old key lets nobody in" in page
    send_a_file(environment, second)
    let_nobody_in(environment, first)

    assert f"{name} is disabled" in support.change(f"/customers/{name}/disable")
    let_nobody_in(environment, second)
    assert f"{name} is enabled" in support.change(f"/customers/{name}/enable")
    send_a_file(environment, second)

    support.change(f"/customers/{name}/remove", typed=name)
    let_nobody_in(environment, second)
    trail = support.see(f"/changes?about={name}")
    told = re.findall(r'data-label="What">(.*?) <a', trail)
    assert told == [
        "users remove",
        "users enable",
        "users disable",
        "users keys remove",
        "users keys add",
        "users add",
    ]
    assert trail.count('badge done">') == len(told)
    assert trail.count(" as support, console") == len(told)


def test_what_was_uploaded_is_seen(
    environment: Environment, support: Support, new_name: Callable[[], str]
) -> None:
    name, key = new_name(), paramiko.ECDSAKey.generate()
    support.upload("/customers", line(key).encode(), name=name)
    assert "has not uploaded anything" in support.see(f"/customers/{name}")
    send_a_file(environment, NewUser(name, name, key))

    def look() -> None:
        page = support.see(f"/customers/{name}")
        assert re.search(rf'/uploads/one\?key={name}%2Fincoming%2Fa.csv&version=[^"]+"', page)
        assert 'badge unrouted">' in page

    eventually(look)
    assert "handed on to nobody" in support.see(f"/customers/{name}")
    found = support.see(f"/customers?q={name}")
    assert "1 found" in found
    assert 'badge unrouted">' in found


def test_mistakes_change_nothing(
    environment: Environment, support: Support, new_name: Callable[[], str]
) -> None:
    name, other, key = new_name(), new_name(), paramiko.ECDSAKey.generate()
    support.change("/customers", name=name, keys=line(key))
    page = support.change("/customers", 422, name=name, keys=line(key))
    assert "there is a customer of this name already" in page
    page = support.change("/customers", 422, name=other, keys=line(key))
    assert f"{name} has that key already" in page
    page = support.change(f"/customers/{name}/remove", 422, typed=other)
    assert "that is not the name" in page
    assert support.client.get(f"/customers/{other}").status_code == 404
    send_a_file(environment, NewUser(name, name, key))


def test_a_private_key_is_kept_nowhere(
    environment: Environment, support: Support, new_name: Callable[[], str]
) -> None:
    name = new_name()
    body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE" + uuid.uuid4().hex
    begin, end = (f"-----{word} OPENSSH PRIVATE KEY-----" for word in ("BEGIN", "END"))
    page = support.change("/customers", 422, name=name, keys=f"{begin}\n{body}\n{end}\n")
    assert "That was a private key" in page
    assert body not in page
    assert support.client.get(f"/customers/{name}").status_code == 404
    s3 = environment.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=environment.ledger_bucket, Prefix="audit/all/", PaginationConfig={"MaxItems": 20}
    )
    names = [each["Key"] for page in pages for each in page.get("Contents", ())]
    kept = [s3.get_object(Bucket=environment.ledger_bucket, Key=each)["Body"] for each in names]
    assert all(body.encode() not in each.read() for each in kept)


def test_a_viewer_changes_nothing(
    environment: Environment, support: Support, new_name: Callable[[], str]
) -> None:
    name = new_name()
    support.change("/customers", name=name)
    support.change("/role", role="viewer")
    for action in ("disable", "enable", "remove", "keys", "keys/remove"):
        assert "this needs the role support" in support.change(f"/customers/{name}/{action}", 403)
    assert "this needs the role support" in support.change("/customers", 403, name=new_name())
    assert "badge enabled" in support.see(f"/customers/{name}")
