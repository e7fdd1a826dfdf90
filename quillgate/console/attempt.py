"""One sign-in under way: what is kept in the session while the person is at the provider."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Self

# `//host` and `/\host` are other sites; browsers drop tabs and newlines.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1000}|/")
_LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Attempt:
    """`state` ties the answer to this browser, `nonce` the ID token and `verifier` the code to it.

    `back` is the page of ours that was asked for; `at` is when it began, in seconds.
    """

    state: str
    nonce: str
    verifier: str
    back: str
    at: float

    @classmethod
    def begun(cls, back: str, now: float) -> Self:
        """A new one; each value 32 random bytes."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, own_path(back), now)

    @classmethod
    def kept(cls, value: dict[str, Any] | None, state: str, now: float) -> Self | None:
        """The one that was kept, if it is the one of that `state` and not too old."""
        found = cls(**value) if value else None
        if found is None or now - found.at > _LONGEST_SECONDS:
            return None
        return found if secrets.compare_digest(found.state.encode(), state.encode()) else None

    def to_keep(self) -> dict[str, Any]:
        """For the session."""
        return asdict(self)


def own_path(text: str) -> str:
    """The path when it leads to a page of ours, else `/`."""
    return text if _OWN_PATH.fullmatch(text) else "/"
