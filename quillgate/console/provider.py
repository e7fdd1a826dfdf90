"""The identity provider, by OpenID Connect: discovery, authorization code with PKCE, ID token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import jwt
import urllib3

from quillgate.console.attempt import Attempt
from quillgate.console.provider_calls import (
    OUT_OF_REACH,
    TIMEOUT_SECONDS,
    SignInError,
    ask,
    checked,
    with_query,
)

# Asymmetric ones: with HS256 the public key would be the secret, and `none` is no signature.
_ALGORITHMS = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
]
_REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
_SKEW_SECONDS = 60
_FRESH_SECONDS = 3600


@dataclass(frozen=True)
class Client:
    """What the provider knows the console as. `secret` is read when it is needed, each time."""

    id: str
    secret: Callable[[], str]
    redirect_uri: str
    scopes: str = "openid email profile"


@dataclass(frozen=True)
class _Description:
    """What the provider says of itself, since when we know it, and where its keys are."""

    at: float
    values: Mapping[str, Any]
    keys: jwt.PyJWKClient


class Provider:
    """One issuer, `https://...`; http only on this machine. Methods may raise SignInError.

    Its keys are kept for an hour; an unknown one is looked for at once, but not within
    `key_pause_seconds` of the last look: else anybody could make us ask all the time.
    """

    def __init__(
        self,
        issuer: str,
        client: Client,
        clock: Callable[[], float] = time.monotonic,
        key_pause_seconds: float = 30,
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._clock = clock
        self._key_pause_seconds = key_pause_seconds
        self._known: _Description | None = None

    def authorization_url(self, attempt: Attempt) -> str:
        """Where the person's browser is sent to sign in."""
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._client.redirect_uri,
            "scope": self._client.scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return with_query(self._endpoint("authorization_endpoint"), query)

    def end_session_url(self, back: str) -> str | None:
        """Where one is signed out of the provider, too; None when it does not say."""
        if not self._description().values.get("end_session_endpoint"):
            return None
        query = {"client_id": self._client.id, "post_logout_redirect_uri": back}
        return with_query(self._endpoint("end_session_endpoint"), query)

    def claims(self, code: str, attempt: Attempt, issuer: str | None = None) -> Mapping[str, Any]:
        """What the provider says of who signed in: the claims of an ID token that is verified.

        `issuer` is what came with the code (RFC 9207), if anything did.
        """
        if issuer not in (None, self._issuer):
            raise SignInError("the answer came from another identity provider")
        claims = self._verified(self._id_token(code, attempt))
        if not hmac.compare_digest(str(claims["nonce"]).encode(), attempt.nonce.encode()):
            raise SignInError("the identity provider answered another sign-in than this one")
        if not _is_for(self._client.id, claims):
            raise SignInError("the identity provider's answer was meant for another application")
        return claims

    def _id_token(self, code: str, attempt: Attempt) -> str:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers, secret = {"Accept": "application/json"}, self._client.secret()
        methods = self._description().values.get("token_endpoint_auth_methods_supported")
        if methods is None or "client_secret_basic" in methods:
            # Each part as in a form, by RFC 6749.
            who = f"{quote_plus(self._client.id)}:{quote_plus(secret)}"
            headers |= urllib3.make_headers(basic_auth=who)
        else:
            fields |= {"client_id": self._client.id, "client_secret": secret}
        answer = ask("POST", self._endpoint("token_endpoint"), headers, fields)
        if not isinstance(answer.get("id_token"), str):
            raise SignInError("the identity provider gave no ID token: is the scope openid asked?")
        return str(answer["id_token"])

    def _verified(self, token: str) -> Mapping[str, Any]:
        try:
            key = self._description().keys.get_signing_key_from_jwt(token)
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._client.id,
                issuer=self._issuer,
                leeway=_SKEW_SECONDS,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWKClientConnectionError, OSError) as error:
            raise SignInError(OUT_OF_REACH) from error
        except (jwt.PyJWTError, ValueError) as error:
            raise SignInError(f"the identity provider's answer is not valid: {error}") from error
        return claims

    def _endpoint(self, name: str) -> str:
        return checked(self._description().values.get(name), name)

    def _description(self) -> _Description:
        """The provider's own, at most an hour old."""
        if self._known is None or self._clock() - self._known.at > _FRESH_SECONDS:
            where = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            found = ask("GET", checked(where, "issuer"))
            if found.get("issuer") != self._issuer:
                raise SignInError(f"the identity provider calls itself other than {self._issuer}")
            keys = jwt.PyJWKClient(
                checked(found.get("jwks_uri"), "jwks_uri"),
                lifespan=_FRESH_SECONDS,
                timeout=TIMEOUT_SECONDS,
                cooldown_duration=self._key_pause_seconds,
            )
            self._known = _Description(self._clock(), found, keys)
        return self._known


def _is_for(client_id: str, claims: Mapping[str, Any]) -> bool:
    """Whether we are who asked for the token (`azp`): of several audiences it has to say that."""
    audience = claims["aud"]
    is_alone = isinstance(audience, str) or len(audience) == 1
    return bool(claims.get("azp", client_id if is_alone else None) == client_id)
