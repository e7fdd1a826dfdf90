"""Who looks at the console, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from fastapi import Depends, Request

from quillgate.console.errors import NotAllowedError, NotSignedInError


class Role(IntEnum):
    """Each may do what those before it may.

    A viewer looks; support staff manage customers and have uploads delivered again; operators
    change routes and redrive dead letters.
    """

    VIEWER = 1
    SUPPORT = 2
    OPERATOR = 3

    @property
    def word(self) -> str:
        """Its name on pages, in forms and in the audit trail."""
        return self.name.lower()


@dataclass(frozen=True)
class Visitor:
    """One person, as the sign-in knows them."""

    who: str
    role: Role

    def may(self, word: str) -> bool:
        """Whether they may do what the role of that name may; for templates."""
        return self.role >= Role[word.upper()]


class Needs:
    """The dependency that lets a request through for one role and those above."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, request: Request) -> Visitor:
        """The visitor. Raises NotSignedInError, or NotAllowedError for too small a role."""
        visitor: Visitor | None = request.app.state.sign_in.visitor(request)
        if visitor is None:
            raise NotSignedInError
        if visitor.role < self.role:
            raise NotAllowedError(visitor.role.word, self.role.word)
        return visitor


# Every page and action names one of these: tests/unit/test_console_roles.py sees to it.
Viewer = Annotated[Visitor, Depends(Needs(Role.VIEWER))]
Support = Annotated[Visitor, Depends(Needs(Role.SUPPORT))]
Operator = Annotated[Visitor, Depends(Needs(Role.OPERATOR))]
