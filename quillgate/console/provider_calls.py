"""HTTP to the identity provider. What goes wrong becomes SignInError.

Its words hold neither code nor token nor secret: of an answer that says no, its error code at most.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

TIMEOUT_SECONDS = 5.0
OUT_OF_REACH = "the identity provider is out of reach - try again later"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CODE = re.compile(r"[a-z_]{1,60}")
_http = urllib3.PoolManager(timeout=urllib3.Timeout(TIMEOUT_SECONDS), retries=False)


class SignInError(Exception):
    """Nobody comes in like that; the text says why, to the person who tries."""


def ask(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """The object in the answer; `fields` are sent as a form. Redirects are not followed."""
    body = urlencode(fields) if fields else None
    # Each time anew: between two sign-ins Lambda may sleep for hours, and connections break.
    sent = {"Connection": "close", **(headers or {})}
    if fields:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        answer = _http.request(method, url, body, headers=sent)
        said = json.loads(answer.data)
    except (HTTPError, ValueError) as error:
        raise SignInError(OUT_OF_REACH) from error
    if answer.status != 200 or not isinstance(said, dict):
        raise SignInError(f"the identity provider said no: {_code_in(said) or answer.status}")
    return said


def code_word(text: str) -> str:
    """An error code such as `access_denied`, if it is one: what else comes may be anybody's."""
    return text if _CODE.fullmatch(text) else "an unknown error"


def checked(url: Any, name: str) -> str:
    """A URL that the provider gave, if it may be used: https, or http on this machine."""
    parts = urlsplit(str(url))
    is_here = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or not (is_here or parts.scheme == "https"):
        raise SignInError(f"the identity provider has no usable {name}: it must be https")
    return str(url)


def with_query(url: str, query: Mapping[str, str]) -> str:
    """The URL with more in its query."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"


def _code_in(said: Any) -> str:
    return code_word(str(said["error"])) if isinstance(said, dict) and "error" in said else ""
