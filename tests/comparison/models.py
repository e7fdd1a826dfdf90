"""What the engine makes of a question: asked anew, so that ours is the engine's answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.comparison.engine import Case, Json, Question

NOTHING = "arn:aws:s3:::no-bucket-of-this-name"
KEYS_UNKNOWN_TO_ENGINE = (
    "aws:principalisawsservice",
    "aws:viaawsservice",
    "s3:if-none-match",
    "s3:objectcreationoperation",
    "s3:x-amz-copy-source",
)


def _documents(question: Question, change: Callable[[Json], Json]) -> Question:
    case = question.case
    return replace(
        question,
        case=Case(
            change(case.identity),
            change(case.session) if case.session else None,
            change(case.bucket) if case.bucket else None,
            change(case.boundary) if case.boundary else None,
        ),
    )


def _statements(document: Json, change: Callable[[Json], Json | None]) -> Json:
    """An emptied document keeps a statement that is about nothing, as documents must have one."""
    kept = [new for each in document["Statement"] if (new := change(each)) is not None]
    nothing = {**document["Statement"][0], "Action": "sqs:None"}
    nothing.pop("NotAction", None)
    nothing.pop("NotPrincipal", None)
    if "Principal" in document["Statement"][0] or "NotPrincipal" in document["Statement"][0]:
        nothing["Principal"] = "*"
    return {**document, "Statement": kept or [nothing]}


def _contexts(question: Question, change: Callable[[dict[str, Any]], Any]) -> Question:
    def changed(context: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(context)
        change(made)
        return made

    asked = (replace(each, context=changed(each.context)) for each in question.requests)
    return replace(question, requests=tuple(asked))


def _conditions(question: Question, rename: Callable[[str, str, list[Any]], str]) -> Question:
    def changed(statement: Json) -> Json:
        made: dict[str, dict[str, Any]] = {}
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                name = rename(operator, key, values if isinstance(values, list) else [values])
                made.setdefault(name, {})[key] = values
        return {**statement, "Condition": made}

    return _documents(question, lambda document: _statements(document, changed))


def literal_variables(question: Question) -> Question:
    return _documents(question, lambda document: {**document, "Version": "2008-10-17"})


def session_as_principal(question: Question) -> Question:
    (who,) = question.requests[0].principal.session_names
    return _contexts(question, lambda context: context.update({"aws:principalarn": (who,)}))


def only_given_max_keys(question: Question) -> Question:
    """1000 is not among those that the calls are made with when they give one."""
    if question.requests[0].context.get("s3:max-keys") != ("1000",):
        return question
    return _contexts(question, lambda context: context.pop("s3:max-keys", None))


def known_keys(question: Question) -> Question:
    def forget(context: dict[str, Any]) -> None:
        for key in KEYS_UNKNOWN_TO_ENGINE:
            context.pop(key, None)

    return _contexts(question, forget)


def any_bucket(question: Question) -> Question:
    asked = (
        replace(each, resource="*") if each.action == "s3:ListAllMyBuckets" else each
        for each in question.requests
    )
    return replace(question, requests=tuple(asked))


def no_not_principal(question: Question) -> Question:
    def kept(statement: Json) -> Json | None:
        return None if "NotPrincipal" in statement else statement

    return _documents(question, lambda document: _statements(document, kept))


def arns_as_texts(question: Question) -> Question:
    """Only where it matters: a pattern of all six parts is the same to both, for the ARNs here."""
    names = {"ArnEquals": "StringLike", "ArnLike": "StringLike"}
    names |= {"ArnNotEquals": "StringNotLike", "ArnNotLike": "StringNotLike"}

    def rename(operator: str, _: str, values: list[Any]) -> str:
        if all(str(value).count(":") == 5 for value in values):
            return operator
        for arn, text in names.items():
            operator = operator.replace(arn, text)
        return operator

    return _conditions(question, rename)


def empty_as_value(question: Question) -> Question:
    def rename(operator: str, key: str, _: list[Any]) -> str:
        is_empty = question.requests[-1].context.get(key.lower()) == ("",)
        return operator.rpartition(":")[2] if is_empty else operator

    return _conditions(question, rename)


def absent_as_any_value(question: Question) -> Question:
    def rename(operator: str, key: str, _: list[Any]) -> str:
        is_absent = key.lower() not in question.requests[-1].context
        is_lax = operator.startswith("ForAnyValue:") and operator.endswith("IfExists")
        return operator.rpartition(":")[2] if is_absent and is_lax else operator

    return _conditions(question, rename)


def lines_apart(question: Question) -> Question:
    """Each pattern is replaced by one that says what the engine makes of it."""
    resource = question.requests[0].resource
    if "\n" not in resource:
        return question

    def seen(pattern: str) -> str:
        expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        return "*" if pattern == "*" or re.match(f"^{expression}$", resource) else NOTHING

    def changed(statement: Json) -> Json:
        member = "Resource" if "Resource" in statement else "NotResource"
        given = statement[member]
        patterns = [given] if isinstance(given, str) else given
        return {**statement, member: [seen(each) for each in patterns]}

    return _documents(question, lambda document: _statements(document, changed))


def without_slashes(question: Question) -> Question:
    def bare(resource: str) -> str:
        bucket, slash, key = resource.partition("/")
        names = [name for name in key.split("/") if name]
        return bucket + slash + "/".join(names)

    asked = (replace(each, resource=bare(each.resource)) for each in question.requests)
    return replace(question, requests=tuple(asked))
