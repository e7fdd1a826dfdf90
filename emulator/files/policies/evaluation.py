"""One request, decided by all policies that speak of it, and which statement decided.

IAM user guide, reference_policies_evaluation-logic: a Deny anywhere denies. Then the role's own
policies or the bucket's must allow, and whatever limits the session - its session policy, the
role's permissions boundary - must allow too. Only a bucket policy that names the session itself
goes past those limits. The bucket is taken to be of the role's own account.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from emulator.files.policies.conditions import Condition, is_met, unresolved
from emulator.files.policies.document import Choice, Document, Statement
from emulator.files.policies.pattern import Context, filled, plain
from emulator.files.policies.principal import Principal, names

Kind = Literal["allowed", "explicitly denied", "implicitly denied"]


@dataclass(frozen=True)
class Request:
    """What is asked: `s3:GetObject` on `arn:aws:s3:::bucket/key` by a role's session."""

    action: str
    resource: str
    principal: Principal
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
    limits = tuple(each for each in (policies.boundary, policies.session) if each)
    bucket = (policies.bucket,) if policies.bucket else ()
    for document in (*policies.identity, *limits, *bucket):
        if deny := _first(request, document, is_allow=False, limited=bool(policies.boundary)):
            return Decision("explicitly denied", by=(deny,))
    direct = _bucket_allow(request, bucket, directly=True)
    if direct:
        return Decision("allowed", by=(direct,))
    grant = _allow(request, policies.identity) or _bucket_allow(request, bucket, directly=False)
    if grant is None:
        return _lacking(request, "role's policies", policies.identity)
    by = [grant]
    for limit in limits:
        allow = _allow(request, (limit,))
        if allow is None:
            return _lacking(request, limit.name, (limit,))
        by.append(allow)
    return Decision("allowed", by=tuple(by))


def _lacking(request: Request, name: str, documents: tuple[Document, ...]) -> Decision:
    near = tuple(
        Found(document.name, statement, _unmet(request, document, statement))
        for document in documents
        for statement in document.statements
        if statement.is_allow and _is_about(request, document, statement)
    )
    return Decision("implicitly denied", lacking=name, near=near)


def _allow(request: Request, documents: tuple[Document, ...]) -> Found | None:
    found = (_first(request, document, is_allow=True) for document in documents)
    return next((each for each in found if each), None)


def _bucket_allow(
    request: Request, documents: tuple[Document, ...], *, directly: bool
) -> Found | None:
    """An Allow for the account delegates to the role's policies: it is none by itself."""
    who = request.principal.session_names if directly else request.principal.role_names
    found = (_first(request, each, is_allow=True, who=who) for each in documents)
    return next((each for each in found if each), None)


def _first(
    request: Request,
    document: Document,
    *,
    is_allow: bool,
    who: frozenset[str] | None = None,
    limited: bool = False,
) -> Found | None:
    for statement in document.statements:
        if (
            statement.is_allow == is_allow
            and _is_for(request.principal, statement, who, limited)
            and _is_about(request, document, statement)
            and not _unmet(request, document, statement)
        ):
            return Found(document.name, statement)
    return None


def _is_for(
    principal: Principal, statement: Statement, who: frozenset[str] | None, limited: bool
) -> bool:
    if statement.principals is None:
        return True
    return names(statement.principals, principal, who, has_boundary=limited)


def _is_about(request: Request, document: Document, statement: Statement) -> bool:
    return _is_action(request.action, statement.actions) and _is_resource(
        request, document, statement
    )


def _is_action(action: str, choice: Choice) -> bool:
    found = any(plain(each).matches(action, ignore_case=True) for each in choice.patterns)
    return found != choice.negated


def _is_resource(request: Request, document: Document, statement: Statement) -> bool:
    """What has a variable without value matches nothing; an Allow of the rest is then no Allow."""
    choice = statement.resources
    if document.has_variables:
        patterns = [filled(each, request.context) for each in choice.patterns]
    else:
        patterns = [plain(each) for each in choice.patterns]
    if choice.negated and statement.is_allow and None in patterns:
        return False
    return any(each.matches(request.resource) for each in patterns if each) != choice.negated


def _unmet(request: Request, document: Document, statement: Statement) -> tuple[Condition, ...]:
    return tuple(
        condition
        for condition in statement.conditions
        if _is_hollow(request, document, statement, condition)
        or not is_met(condition, request.context, has_variables=document.has_variables)
    )


def _is_hollow(
    request: Request, document: Document, statement: Statement, condition: Condition
) -> bool:
    """`StringNotEquals` of a variable without value would let everybody in."""
    may_be = statement.is_allow and condition.negated and document.has_variables
    return may_be and unresolved(condition, request.context)
