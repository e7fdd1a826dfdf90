"""Which role somebody has: by the groups that the identity provider names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quillgate.console.visitors import Role


@dataclass(frozen=True)
class Groups:
    """The group of each role, exactly as the provider writes it, in the claim `claim`.

    A role without a group (empty) is nobody's.
    """

    claim: str
    viewer: str = ""
    support: str = ""
    operator: str = ""

    def role(self, claims: Mapping[str, Any]) -> Role | None:
        """The largest role that the claims give; None for no access."""
        named = claims.get(self.claim)
        listed = named if isinstance(named, list) else [named]
        theirs = {each for each in listed if isinstance(each, str)}
        groups = {
            Role.VIEWER: self.viewer,
            Role.SUPPORT: self.support,
            Role.OPERATOR: self.operator,
        }
        return max(
            (role for role, group in groups.items() if group and group in theirs), default=None
        )


def name_of(claims: Mapping[str, Any]) -> str:
    """What to call who signed in, on pages and in the audit trail.

    For people to read: access is by groups, and the log has the provider's own id (`sub`) with it.
    """
    # An address that nobody has proven may be somebody else's.
    unproven = ["email"] if claims.get("email_verified") in (False, "false") else []
    for claim in ("email", "preferred_username", "sub"):
        if claim in unproven:
            continue
        if name := str(claims.get(claim) or "").strip():
            return "".join(each if each.isprintable() else "?" for each in name)[:200]
    raise AssertionError("unreachable: an ID token without `sub` is not valid")
