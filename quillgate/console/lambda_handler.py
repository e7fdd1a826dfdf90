"""The deployed console: one Lambda function behind an HTTP API (`stack/console.yaml`).

Nothing is kept here and nothing written: sessions are in the visitors' cookies.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Self, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from fastapi import FastAPI
from mangum import Mangum

from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.groups import Groups
from quillgate.console.oidc import CALLBACK, OidcSignIn
from quillgate.console.provider import Client, Provider
from quillgate.target import Client as AwsClient
from quillgate.target import Target

# Together less than the 30 seconds that an HTTP API waits.
_PATIENCE = Config(
    connect_timeout=3, read_timeout=8, retries={"mode": "standard", "max_attempts": 4}
)

# What the cookie outlives the session by: a form that was open as that ended can still be sent, by
# the same person, once they are signed in again.
_REMEMBERED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Settings:
    """What the template gives as environment variables. Secrets by their ids, never by value."""

    stack_name: str
    url: str
    issuer: str
    client_id: str
    client_secret_id: str
    session_secret_id: str
    scopes: str
    session_seconds: int
    groups: Groups

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read them. Raises KeyError for one that is missing."""
        return cls(
            stack_name=environ["STACK_NAME"],
            url=environ["CONSOLE_URL"],
            issuer=environ["OIDC_ISSUER"],
            client_id=environ["OIDC_CLIENT_ID"],
            client_secret_id=environ["OIDC_CLIENT_SECRET_ID"],
            session_secret_id=environ["SESSION_SECRET_ID"],
            scopes=environ["OIDC_SCOPES"],
            session_seconds=int(environ["SESSION_SECONDS"]),
            groups=Groups(
                environ["GROUPS_CLAIM"],
                environ["VIEWER_GROUP"],
                environ["SUPPORT_GROUP"],
                environ["OPERATOR_GROUP"],
            ),
        )


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One request, as API Gateway sends it: `{"version": "2.0", "requestContext": {...}, ...}`."""
    return _served()(event, context)


def application(settings: Settings, client: AwsClient) -> FastAPI:
    """The console for these settings. `client` makes boto3 clients."""

    def secret(name: str) -> str:
        return str(client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])

    ours = Client(
        id=settings.client_id,
        # At each sign-in, so that a new one takes effect at once.
        secret=partial(secret, settings.client_secret_id),
        redirect_uri=f"{settings.url}{CALLBACK}",
        scopes=settings.scopes,
    )
    seconds = settings.session_seconds
    sign_in = OidcSignIn(Provider(settings.issuer, ours), settings.groups, settings.url, seconds)
    cookie = Cookie(
        secret(settings.session_secret_id),
        is_secure=True,
        max_age_seconds=seconds + _REMEMBERED_SECONDS,
    )
    desk = Desk.of(lambda: Target("aws", settings.stack_name, client))
    return create_app(desk, sign_in, cookie, [urlsplit(settings.url).hostname or ""])


@cache
def _served() -> Mangum:
    # Lambda's own handler writes it, as JSON; its level is that of warnings.
    logging.getLogger("quillgate").setLevel(logging.INFO)
    client = cast(AwsClient, partial(boto3.Session().client, config=_PATIENCE))
    return Mangum(application(Settings.of(os.environ), client), lifespan="off")
