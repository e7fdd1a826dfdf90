"""Where Quill is, and the token for it: the stack's secret."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from .errors import NoSecretError


@dataclass(frozen=True)
class Secret:
    """`quill_url` has no slash at its end; `token` never shows in a log."""

    quill_url: str
    token: str = field(repr=False)


class SecretStore:
    """The secret as Secrets Manager holds it, kept for `max_age` seconds."""

    def __init__(self, provider: SecretsProvider, secret_id: str, max_age: int) -> None:
        self._provider = provider
        self._id = secret_id
        self._max_age = max_age

    def current(self) -> Secret:
        """The secret; NoSecretError when it cannot be read or used."""
        try:
            text = self._provider.get(self._id, max_age=self._max_age)
        except GetParameterError as error:
            raise NoSecretError(
                f"secret cannot be read: {self._id!r}: {error} - let the watchdog read it"
            ) from error
        try:
            return _secret(json.loads(str(text)))
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
            # What is wrong is not chained: it may quote the token.
            self.forget()
            raise NoSecretError(
                f"secret is broken: {self._id!r} - store "
                '{"quill_url": "https://...", "token": "..."}'
            ) from None

    def forget(self) -> None:
        """Read it anew next time: Quill refused it, and it may have been put right since."""
        self._provider.store.clear()


def _secret(content: Any) -> Secret:
    secret = Secret(content["quill_url"].rstrip("/"), content["token"].strip())
    url = urlsplit(secret.quill_url)
    plain = secret.token.isascii() and secret.token.isprintable()
    if url.scheme not in ("https", "http") or not url.hostname or not secret.token or not plain:
        raise ValueError("unusable")
    return secret
