"""Sessions that act as a role, the way Transfer Family and Quill do on AWS."""

from __future__ import annotations

from functools import cache

import boto3
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.loaders import Loader
from botocore.session import Session

from emulator.timestamps import timestamp


class _OneRole(CredentialProvider):
    """The only provider of its session: nothing from the environment can stand in for the role."""

    METHOD = "assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> Credentials:
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)


def assumed_session(
    role_arn: str,
    session_name: str,
    policy: str | None = None,
    *,
    region: str,
    duration_seconds: int = 3600,
) -> boto3.Session:
    """A session with the credentials of sts:AssumeRole(`role_arn`, `policy`), and no others.

    The call is made at first use, by the ordinary credentials of the process (environment,
    profile), and again before they expire; `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_STS` are
    honoured. `policy` is a session policy as JSON text, at most 2048 characters; `session_name`
    matches `[\\w+=,.@-]{2,64}`; `duration_seconds` is 900 to the role's maximum (source: the API
    reference of sts:AssumeRole). Threads may share the session's clients.

    Raises nothing itself: a refused AssumeRole is a `ClientError` of the first call made.
    """
    arguments: dict[str, object] = {
        "RoleSessionName": session_name,
        "DurationSeconds": duration_seconds,
    }
    if policy is not None:
        arguments["Policy"] = policy
    core = _session()
    core.set_config_variable("region", region)
    fetcher = AssumeRoleCredentialFetcher(
        core.create_client, _source_credentials(), role_arn, extra_args=arguments
    )
    core.register_component("credential_provider", CredentialResolver([_OneRole(fetcher)]))
    return boto3.Session(botocore_session=core)


def own_session(region: str) -> boto3.Session:
    """A session with the process's own credentials, that shares the models already read."""
    core = _session()
    core.set_config_variable("region", region)
    return boto3.Session(botocore_session=core)


def _session() -> Session:
    session = Session()
    session.register_component("data_loader", _loader())
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=timestamp)
    return session


@cache
def _loader() -> Loader:
    """AWS's models are read and parsed once: 9 ms for a client instead of 60."""
    loader: Loader = Session().get_component("data_loader")
    return loader


def _source_credentials() -> Credentials:
    """Who assumes the role. Said early: without it botocore fails on `None` deep inside."""
    credentials = _session().get_credentials()
    if credentials is None:
        raise LookupError(
            "no AWS credentials to assume a role with: 'AWS_ACCESS_KEY_ID' is not set - set it, "
            "or another source of credentials that boto3 knows"
        )
    return credentials
