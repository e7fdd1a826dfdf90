"""Who asks, and whether a bucket policy's Principal means them.

IAM user guide, reference_policies_elements_principal and reference_policies_elements_notprincipal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from emulator.files.policies.spot import Choice


class Named(Protocol):
    """Names that mean somebody: as this one alone, by kind, or together with others."""

    @property
    def session_names(self) -> frozenset[str]: ...  # noqa: D102
    @property
    def role_names(self) -> frozenset[str]: ...  # noqa: D102
    @property
    def account_names(self) -> frozenset[str]: ...  # noqa: D102


@dataclass(frozen=True)
class Service:
    """An AWS service, `transfer.amazonaws.com`. It has one name for all purposes."""

    name: str

    @property
    def session_names(self) -> frozenset[str]:
        """The service's name."""
        return frozenset({self.name})

    @property
    def role_names(self) -> frozenset[str]:
        """The service's name, or everybody."""
        return frozenset({self.name, "*"})

    @property
    def account_names(self) -> frozenset[str]:
        """The service's name."""
        return frozenset({self.name})


@dataclass(frozen=True)
class Principal:
    """A session of a role: `arn:aws:iam::123456789012:role/path/name` and the session's name."""

    role_arn: str
    session_name: str

    @property
    def partition(self) -> str:
        """`aws`, or that of China or GovCloud."""
        return self.role_arn.split(":")[1]

    @property
    def account(self) -> str:
        """Twelve digits."""
        return self.role_arn.split(":")[4]

    @property
    def session_arn(self) -> str:
        """What the session itself is called; the role's path is not in it."""
        role = self.role_arn.rpartition("/")[2]
        sts = f"arn:{self.partition}:sts::{self.account}"
        return f"{sts}:assumed-role/{role}/{self.session_name}"

    @property
    def session_names(self) -> frozenset[str]:
        """Principals that mean this session and no other."""
        return frozenset({self.session_arn})

    @property
    def role_names(self) -> frozenset[str]:
        """Principals that mean the role, by itself or among all."""
        return frozenset({self.role_arn, "*"})

    @property
    def account_names(self) -> frozenset[str]:
        """Principals that mean the whole account."""
        return frozenset({self.account, f"arn:{self.partition}:iam::{self.account}:root"})


def names(choice: Choice, principal: Named, who: frozenset[str] | None, has_boundary: bool) -> bool:
    """Whether the choice means one of `who`, by default any name of the principal.

    NotPrincipal leaves out only those it lists by session, role and account, and nobody whose role
    has a permissions boundary; with Allow AWS does not support it, and it allows nothing here.
    """
    listed = frozenset(choice.patterns)
    if not choice.negated:
        any_name = principal.session_names | principal.role_names | principal.account_names
        return bool(listed & (any_name if who is None else who))
    is_listed = all(
        listed & some
        for some in (principal.session_names, principal.role_names, principal.account_names)
    )
    return who is None and (has_boundary or not is_listed)
