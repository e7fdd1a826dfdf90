"""One request, decided by all policies that speak of it, and which statement decided.

IAM user guide, reference_policies_evaluation-logic: a Deny anywhere denies. Then the role's own
policies or the bucket's must allow, and whatever limits the session - its session policy, the
role's permissions boundary - must allow too. Only a bucket policy that names the session itself
goes past those limits. The bucket is taken to be of the role's own account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from emulator.files.policies.conditions import Condition, is_met, unresolved
from emulator.files.policies.document import Document, Statement
from emulator.files.policies.pattern import Context, filled, plain
from emulator.files.policies.principal import Named, names
from emulator.files.policies.spot import Choice

Kind = Literal["allowed", "explicitly denied", "implicitly denied"]


@dataclass(frozen=True)
class Request:
    """What is asked: `s3:GetObject` on `arn:aws:s3:::bucket/key` by a role's session."""

    action: str
    resource: str
    principal: Named
    context: Context

    @property
    def bucket(self) -> str | None:
        """The bucket whose policy is to be asked too; None when it is about all buckets."""
        name = self.resource.split(":", 5)[-1].partition("/")[0]
        return None if name == "*" else name


@dataclass(frozen=True)
class Policies:
    """All that speak of a session: the role's own, and what limits or adds to them."""

    identity: tuple[Document, ...]
    session: Document | None = None
    boundary: Document | None = None
    bucket: Document | None = None

    @property
    def limits(self) -> tuple[Document, ...]:
        """What must allow as well, whoever grants."""
        return tuple(each for each in (self.boundary, self.session) if each)

    def with_bucket(self, bucket: Document | None) -> Policies:
        """The same, with the policy of the bucket asked for."""
        return replace(self, bucket=bucket)


@dataclass(frozen=True)
class Found:
    """A statement and the policy it stands in; `unmet` are conditions that the request fails."""

    document: str
    statement: Statement
    unmet: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Decision:
    """`by`: the Deny, or an Allow of each policy that had to allow.

    `lacking`: the policies of which one had to allow and did not; `near`: their Allows that fail by
    conditions alone.
    """

    kind: Kind
    by: tuple[Found, ...] = ()
    lacking: str = ""
    near: tuple[Found, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether S3 would carry the request out."""
        return self.kind == "allowed"


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide one request."""
    who, bucket = request.principal, policies.bucket
    if deny := _deny(request, policies):
        return Decision("explicitly denied", by=(deny,))
    if bucket and (direct := _first(request, bucket, is_allow=True, who=who.session_names)):
        return Decision("allowed", by=(direct,))
    grant = _any(_first(request, each, is_allow=True) for each in policies.identity)
    if not grant and bucket:
        # An Allow for the account delegates to the role's policies: it is none by itself.
        grant = _first(request, bucket, is_allow=True, who=who.role_names)
    if not grant:
        return _lacking(request, "role's policies", policies.identity)
    return _limited(request, policies, grant)


def _deny(request: Request, policies: Policies) -> Found | None:
    bucket = (policies.bucket,) if policies.bucket else ()
    documents = (*policies.identity, *policies.limits, *bucket)
    has_boundary = policies.boundary is not None
    return _any(
        _first(request, each, is_allow=False, has_boundary=has_boundary) for each in documents
    )


def _limited(request: Request, policies: Policies, grant: Found) -> Decision:
    by = [grant]
    for limit in policies.limits:
        allow = _first(request, limit, is_allow=True)
        if allow is None:
            return _lacking(request, limit.name, (limit,))
        by.append(allow)
    return Decision("allowed", by=tuple(by))


def _lacking(request: Request, name: str, documents: tuple[Document, ...]) -> Decision:
    near = tuple(
        Found(document.name, statement, _unmet(request, statement))
        for document in documents
        for statement in document.statements
        if statement.is_allow and _is_about(request, statement)
    )
    return Decision("implicitly denied", lacking=name, near=near)


def _any(found: Iterable[Found | None]) -> Found | None:
    return next((each for each in found if each), None)


def _first(
    request: Request,
    document: Document,
    *,
    is_allow: bool,
    who: frozenset[str] | None = None,
    has_boundary: bool = False,
) -> Found | None:
    """The first statement that applies; in a bucket's policy, to one of `who` by name."""
    for statement in document.statements:
        principals = statement.principals
        if (
            statement.is_allow == is_allow
            and (not principals or names(principals, request.principal, who, has_boundary))
            and _is_about(request, statement)
            and not _unmet(request, statement)
        ):
            return Found(document.name, statement)
    return None


def _is_about(request: Request, statement: Statement) -> bool:
    return _is_action(request.action, statement.actions) and _is_resource(request, statement)


def _is_action(action: str, choice: Choice) -> bool:
    found = any(plain(each).matches(action, ignore_case=True) for each in choice.patterns)
    return found != choice.negated


def _is_resource(request: Request, statement: Statement) -> bool:
    """What has a variable without value matches nothing; an Allow of the rest is then no Allow."""
    choice = statement.resources
    context = request.context if statement.has_variables else None
    patterns = [filled(each, context) for each in choice.patterns]
    if choice.negated and statement.is_allow and None in patterns:
        return False
    return any(each.matches(request.resource) for each in patterns if each) != choice.negated


def _unmet(request: Request, statement: Statement) -> tuple[Condition, ...]:
    """`StringNotEquals` of a variable without value would let everybody in: an Allow fails."""
    context = request.context
    return tuple(
        each
        for each in statement.conditions
        if not is_met(each, context)
        or (statement.is_allow and each.negated and unresolved(each, context))
    )
