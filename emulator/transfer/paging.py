"""Listings in pages: each token says after which name the next page begins.

A page costs what it holds, however long the listing; what is added or removed between two pages
neither repeats nor hides anything else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from emulator.transfer.errors import InvalidNextTokenError
from emulator.transfer.scope import Answer, Request

T = TypeVar("T")

_DEFAULT_PAGE = 1000
"""AWS documents no default; this is the most that MaxResults may ask for."""


def page(
    listing: str,
    request: Request,
    *,
    fetch: Callable[[str, int], Sequence[T]],
    name: Callable[[T], str],
) -> tuple[Sequence[T], Answer]:
    """The items of one page, and `{"NextToken": ...}` if there are more, else `{}`.

    `fetch(after, limit)` gives the items in order; `listing` names what is listed, so that a token
    of one listing is refused by another with InvalidNextTokenError.
    """
    size = request.get("MaxResults", _DEFAULT_PAGE)
    after = _after(listing, request["NextToken"]) if "NextToken" in request else ""
    found = fetch(after, size + 1)
    if len(found) <= size:
        return found, {}
    return found[:size], {"NextToken": _token(listing, name(found[size - 1]))}


def _token(listing: str, after: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([listing, after]).encode()).decode()


def _after(listing: str, token: str) -> str:
    try:
        found, after = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidNextTokenError(f"not a NextToken: '{token[:40]}' - start anew") from error
    if found != listing or not isinstance(after, str):
        raise InvalidNextTokenError(f"NextToken of another listing: '{token[:40]}' - start anew")
    return after
