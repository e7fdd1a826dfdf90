"""Where the engine decides otherwise than AWS's documentation has it.

`as_engine` asks the question anew so that our evaluator answers it as the engine does: a
disagreement is put down to a deviation only if that makes it an agreement. `example` shows that the
engine still deviates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.comparison.engine import Call, Case, Json, Question

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
OPERATORS = GUIDE + "reference_policies_elements_condition_operators.html"
NOTHING = "arn:aws:s3:::no-bucket-of-this-name"
KEYS_UNKNOWN_TO_ENGINE = (
    "aws:principalisawsservice",
    "aws:viaawsservice",
    "s3:if-none-match",
    "s3:objectcreationoperation",
    "s3:x-amz-copy-source",
)


@dataclass(frozen=True)
class Deviation:
    """`aws` says in our words what the page at `url` does. `example` is for (bucket, role ARN)."""

    name: str
    aws: str
    url: str
    as_engine: Callable[[Question], Question]
    example: Callable[[str, str], tuple[Case, Call]]


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


def _conditions(question: Question, rename: Callable[[str, str], str]) -> Question:
    def changed(statement: Json) -> Json:
        made: dict[str, dict[str, Any]] = {}
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                name = rename(operator, key)
                made.setdefault(name, {})[key] = values
        return {**statement, "Condition": made}

    return _documents(question, lambda document: _statements(document, changed))


def _literal_variables(question: Question) -> Question:
    return _documents(question, lambda document: {**document, "Version": "2008-10-17"})


def _session_as_principal(question: Question) -> Question:
    who = question.requests[0].principal.session_arn
    return _contexts(question, lambda context: context.update({"aws:principalarn": (who,)}))


def _only_given_max_keys(question: Question) -> Question:
    """1000 is not among those that the calls are made with when they give one."""
    if question.requests[0].context.get("s3:max-keys") != ("1000",):
        return question
    return _contexts(question, lambda context: context.pop("s3:max-keys", None))


def _known_keys(question: Question) -> Question:
    def forget(context: dict[str, Any]) -> None:
        for key in KEYS_UNKNOWN_TO_ENGINE:
            context.pop(key, None)

    return _contexts(question, forget)


def _any_bucket(question: Question) -> Question:
    asked = (
        replace(each, resource="*") if each.action == "s3:ListAllMyBuckets" else each
        for each in question.requests
    )
    return replace(question, requests=tuple(asked))


def _no_not_principal(question: Question) -> Question:
    def kept(statement: Json) -> Json | None:
        return None if "NotPrincipal" in statement else statement

    return _documents(question, lambda document: _statements(document, kept))


def _arns_as_texts(question: Question) -> Question:
    names = {"ArnEquals": "StringLike", "ArnLike": "StringLike"}
    names |= {"ArnNotEquals": "StringNotLike", "ArnNotLike": "StringNotLike"}

    def rename(operator: str, _: str) -> str:
        for arn, text in names.items():
            operator = operator.replace(arn, text)
        return operator

    return _conditions(question, rename)


def _empty_as_value(question: Question) -> Question:
    def rename(operator: str, key: str) -> str:
        is_empty = question.requests[-1].context.get(key.lower()) == ("",)
        return operator.rpartition(":")[2] if is_empty else operator

    return _conditions(question, rename)


def _lines_apart(question: Question) -> Question:
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


def _without_slashes(question: Question) -> Question:
    def bare(resource: str) -> str:
        bucket, slash, key = resource.partition("/")
        names = [name for name in key.split("/") if name]
        return bucket + slash + "/".join(names)

    asked = (replace(each, resource=bare(each.resource)) for each in question.requests)
    return replace(question, requests=tuple(asked))


def allow(action: str, resource: str, condition: Json | None = None, **more: Any) -> Json:
    """A policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def _get(bucket: str, key: str = "acme/a.csv") -> Call:
    return Call("GetObject", {"Bucket": bucket, "Key": key})


def _list(bucket: str, **parameters: Any) -> Call:
    return Call("ListObjectsV2", {"Bucket": bucket, **parameters})


def _not_principal(bucket: str, role: str) -> tuple[Case, Call]:
    deny: Json = {"Effect": "Deny", "NotPrincipal": {"AWS": f"{role}x"}}
    document = allow("s3:*", f"arn:aws:s3:::{bucket}/*", **deny)
    return Case(allow("s3:*", "*"), bucket=document), _get(bucket)


DEVIATIONS = (
    Deviation(
        "policy variables stay as they are written",
        "Since version 2012-10-17 a variable in Resource or in a text or ARN condition is replaced"
        " by the request's value, or by its default.",
        GUIDE + "reference_policies_variables.html",
        _literal_variables,
        lambda bucket, _: (
            Case(allow("s3:*", f"arn:aws:s3:::{bucket}/${{aws:username, 'acme'}}/*")),
            _get(bucket),
        ),
    ),
    Deviation(
        "aws:PrincipalArn is the session",
        "For the session of a role the key has the ARN of the role, not of the session.",
        GUIDE + "reference_policies_condition-keys.html#condition-keys-principalarn",
        _session_as_principal,
        lambda bucket, role: (
            Case(allow("s3:*", "*", {"ArnEquals": {"aws:PrincipalArn": role}})),
            _get(bucket),
        ),
    ),
    Deviation(
        "s3:max-keys is there only when given",
        "The key is always present in a request to list a bucket.",
        OPERATORS,
        _only_given_max_keys,
        lambda bucket, _: (
            Case(allow("s3:*", "*", {"NumericLessThanEquals": {"s3:max-keys": "1000"}})),
            _list(bucket),
        ),
    ),
    Deviation(
        "keys the engine does not know",
        "S3 puts s3:ObjectCreationOperation, s3:if-none-match and s3:x-amz-copy-source into"
        " requests for s3:PutObject; aws:ViaAWSService and aws:PrincipalIsAWSService are in all.",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html",
        _known_keys,
        lambda bucket, _: (
            Case(allow("s3:*", "*", {"Bool": {"s3:ObjectCreationOperation": "true"}})),
            Call("PutObject", {"Bucket": bucket, "Key": "acme/a.csv", "Body": b"x"}),
        ),
    ),
    Deviation(
        "s3:ListAllMyBuckets is about `*` only",
        "The guide's example of a home folder allows it on arn:aws:s3:::*.",
        OPERATORS,
        _any_bucket,
        lambda _, __: (
            Case(allow("s3:ListAllMyBuckets", "arn:aws:s3:::*")),
            Call("ListBuckets", {}),
        ),
    ),
    Deviation(
        "NotPrincipal is passed over",
        "With Deny it denies everybody but those it lists.",
        GUIDE + "reference_policies_elements_notprincipal.html",
        _no_not_principal,
        _not_principal,
    ),
    Deviation(
        "ARN operators compare texts",
        "ArnLike compares what stands between the colons, part by part; StringLike the whole.",
        OPERATORS,
        _arns_as_texts,
        lambda bucket, _: (
            Case(allow("s3:*", "*", {"ArnLike": {"aws:PrincipalArn": "arn:*:assumed-role/*"}})),
            _get(bucket),
        ),
    ),
    Deviation(
        "an empty text is a value to set operators",
        "ForAllValues is met, and ForAnyValue is not, when the key's value is empty.",
        GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html",
        _empty_as_value,
        lambda bucket, _: (
            Case(allow("s3:*", "*", {"ForAllValues:StringEquals": {"s3:prefix": "acme/"}})),
            _list(bucket, Prefix=""),
        ),
    ),
    Deviation(
        "a key's slash at the end is lost",
        "A resource is the key as it is: users are kept from making folders by a Deny of"
        " s3:PutObject on bucket/*/.",
        "https://docs.aws.amazon.com/transfer/latest/userguide/users-policies-session.html",
        _without_slashes,
        lambda bucket, _: (
            Case(allow("s3:*", f"arn:aws:s3:::{bucket}/*/")),
            Call("PutObject", {"Bucket": bucket, "Key": "acme/new/", "Body": b""}),
        ),
    ),
    Deviation(
        "wildcards end at a line break",
        "`*` is any combination of characters.",
        GUIDE + "reference_policies_elements_resource.html",
        _lines_apart,
        lambda bucket, _: (
            Case(allow("s3:*", f"arn:aws:s3:::{bucket}/*")),
            _get(bucket, "acme/b\nc.csv"),
        ),
    ),
)
