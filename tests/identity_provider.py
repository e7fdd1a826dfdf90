"""An identity provider on loopback, as strict as a real one; it can be told to misbehave.

OpenID Connect's code flow with PKCE: discovery, authorize, token, keys. Nobody types a password:
whoever comes is `person`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "quill gate", "s3cret: é/+%"
Query = dict[str, str]


@dataclass(frozen=True)
class Key:
    """One that ID tokens are signed with; `id` is its `kid`."""

    id: str
    private: rsa.RSAPrivateKey = field(
        default_factory=partial(rsa.generate_private_key, public_exponent=65537, key_size=2048),
        repr=False,
    )

    @cached_property
    def public(self) -> dict[str, Any]:
        jwk: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**jwk, "kid": self.id, "use": "sig", "alg": "RS256"}


@dataclass
class Provider:
    """What it does, and what it was asked. `claims` go into ID tokens last; None takes one out.

    It signs with `key`, and says that it signs with `published`: the same, unless told otherwise.
    """

    redirect_uri: str
    key: Key
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u-1", "email": "kim@example.com", "groups": ["support"]}
    )
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    published: Key | None = None
    hangs_up: str = ""
    """The path of which the connection is cut off instead of an answer."""
    authorize_error: str | None = None
    token_answer: tuple[int, bytes] | None = None
    asked: list[tuple[str, Query]] = field(default_factory=list)
    url: str = ""
    codes: dict[str, Query] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/logout",
            **self.metadata,
        }
        return {name: value for name, value in found.items() if value is not None}

    def authorize(self, query: Query) -> str:
        """Where the browser is sent to."""
        assert query["client_id"] == CLIENT_ID
        assert query["redirect_uri"] == self.redirect_uri, "not an allowed redirect URI"
        assert query["response_type"] == "code"
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        answer = {"error": self.authorize_error} if self.authorize_error else {"code": code}
        answer |= {"state": query["state"], "iss": self.url}
        return f"{self.redirect_uri}?{urllib.parse.urlencode(answer)}"

    def token(self, fields: Query, authorization: str | None) -> tuple[int, bytes]:
        """Status and body."""
        if self.token_answer:
            return self.token_answer
        asked = self.codes.pop(fields["code"], None)
        digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if _client_of(fields, authorization) != (CLIENT_ID, CLIENT_SECRET):
            return 401, b'{"error": "invalid_client"}'
        if not asked or asked["code_challenge"] != challenge:
            return 400, b'{"error": "invalid_grant", "error_description": "no such code"}'
        assert fields["grant_type"] == "authorization_code"
        assert fields["redirect_uri"] == asked["redirect_uri"]
        token = self.signed(self._id_token(asked["nonce"]))
        answer = {"access_token": "at-secret", "token_type": "Bearer", "id_token": token}
        return 200, json.dumps(answer).encode()

    def signed(self, claims: Mapping[str, Any]) -> str:
        if self.algorithm == "HS256":
            return self._signed_with_the_public_key(claims)
        key = "" if self.algorithm == "none" else self.key.private
        headers = {"kid": self.key.id}
        return jwt.encode(dict(claims), key, algorithm=self.algorithm, headers=headers)

    def _id_token(self, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        found = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.person,
            **self.claims,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _signed_with_the_public_key(self, claims: Mapping[str, Any]) -> str:
        """As somebody would forge it who has what everybody may have."""
        header = {"alg": "HS256", "typ": "JWT", "kid": self.key.id}
        pem = self.key.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        parts = [_encoded(json.dumps(each).encode()) for each in (header, dict(claims))]
        signature = hmac.digest(pem, ".".join(parts).encode(), "sha256")
        return ".".join([*parts, _encoded(signature)])


@contextmanager
def running(redirect_uri: str, key: Key) -> Iterator[Provider]:
    """One that answers at its `url` until the block ends."""
    provider = Provider(redirect_uri, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, provider))
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, provider: Provider, *arguments: Any) -> None:
        self.provider = provider
        super().__init__(*arguments)

    def do_GET(self) -> None:  # its name in http.server
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        self.provider.asked.append((parts.path, query))
        if parts.path == self.provider.hangs_up:
            self._hang_up()
        elif parts.path == "/authorize":
            self._answer(302, b"", Location=self.provider.authorize(query))
        elif parts.path == "/keys":
            self._answer(
                200,
                json.dumps(
                    {"keys": [(self.provider.published or self.provider.key).public]}
                ).encode(),
            )
        elif parts.path == "/.well-known/openid-configuration":
            self._answer(200, json.dumps(self.provider.document()).encode())
        else:
            self._answer(404, b"{}")

    def do_POST(self) -> None:  # its name in http.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = dict(urllib.parse.parse_qsl(body))
        self.provider.asked.append((self.path, fields))
        self._answer(*self.provider.token(fields, self.headers["Authorization"]))

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        """At once, as a server does that is killed."""
        at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def _client_of(fields: Query, authorization: str | None) -> tuple[str, str]:
    """Who asks: by HTTP's own way (each part encoded as in a form, RFC 6749), or in the form."""
    if authorization is None:
        return fields.get("client_id", ""), fields.get("client_secret", "")
    name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    return urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(secret)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
