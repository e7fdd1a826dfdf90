"""Where the engine decides otherwise than AWS's documentation has it.

`as_engine` asks the question anew so that our evaluator answers it as the engine does: a
disagreement is put down to a deviation only if that makes it an agreement. `example` shows that the
engine still deviates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.comparison import models
from tests.comparison.engine import Call, Case, Json, Question

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
OPERATORS = GUIDE + "reference_policies_elements_condition_operators.html"


@dataclass(frozen=True)
class Deviation:
    """`aws` says in our words what the page at `url` does. `example` is for (bucket, role ARN)."""

    name: str
    aws: str
    url: str
    as_engine: Callable[[Question], Question]
    example: Callable[[str, str], tuple[Case, Call]]


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
        models.literal_variables,
        lambda bucket, _: (
            Case(allow("s3:*", f"arn:aws:s3:::{bucket}/${{aws:username, 'acme'}}/*")),
            _get(bucket),
        ),
    ),
    Deviation(
        "aws:PrincipalArn is the session",
        "For the session of a role the key has the ARN of the role, not of the session.",
        GUIDE + "reference_policies_condition-keys.html#condition-keys-principalarn",
        models.session_as_principal,
        lambda bucket, role: (
            Case(allow("s3:*", "*", {"ArnEquals": {"aws:PrincipalArn": role}})),
            _get(bucket),
        ),
    ),
    Deviation(
        "s3:max-keys is there only when given",
        "The key is always present in a request to list a bucket.",
        OPERATORS,
        models.only_given_max_keys,
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
        models.known_keys,
        lambda bucket, _: (
            Case(allow("s3:*", "*", {"Bool": {"s3:ObjectCreationOperation": "true"}})),
            Call("PutObject", {"Bucket": bucket, "Key": "acme/a.csv", "Body": b"x"}),
        ),
    ),
    Deviation(
        "s3:ListAllMyBuckets is about `*` only",
        "The guide's example of a home folder allows it on arn:aws:s3:::*.",
        OPERATORS,
        models.any_bucket,
        lambda _, __: (
            Case(allow("s3:ListAllMyBuckets", "arn:aws:s3:::*")),
            Call("ListBuckets", {}),
        ),
    ),
    Deviation(
        "NotPrincipal is passed over",
        "With Deny it denies everybody but those it lists.",
        GUIDE + "reference_policies_elements_notprincipal.html",
        models.no_not_principal,
        _not_principal,
    ),
    Deviation(
        "ARN operators compare texts",
        "ArnLike compares what stands between the colons, part by part; StringLike the whole.",
        OPERATORS,
        models.arns_as_texts,
        lambda bucket, _: (
            Case(allow("s3:*", "*", {"ArnLike": {"aws:PrincipalArn": "arn:*:assumed-role/*"}})),
            _get(bucket),
        ),
    ),
    Deviation(
        "an empty text is a value to set operators",
        "ForAllValues is met, and ForAnyValue is not, when the key's value is empty.",
        GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html",
        models.empty_as_value,
        lambda bucket, _: (
            Case(allow("s3:*", "*", {"ForAllValues:StringEquals": {"s3:prefix": "acme/"}})),
            _list(bucket, Prefix=""),
        ),
    ),
    Deviation(
        "ForAnyValue with IfExists is met without the key",
        "ForAnyValue is not met when the key is not there; a test on AWS, with IfExists, agrees:"
        " https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w",
        GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html",
        models.absent_as_any_value,
        lambda bucket, _: (
            Case(allow("s3:*", "*", {"ForAnyValue:StringEqualsIfExists": {"aws:SourceVpc": "x"}})),
            _get(bucket),
        ),
    ),
    Deviation(
        "a key's slash at the end is lost",
        "A resource is the key as it is: users are kept from making folders by a Deny of"
        " s3:PutObject on bucket/*/.",
        "https://docs.aws.amazon.com/transfer/latest/userguide/users-policies-session.html",
        models.without_slashes,
        lambda bucket, _: (
            Case(allow("s3:*", f"arn:aws:s3:::{bucket}/*/")),
            Call("PutObject", {"Bucket": bucket, "Key": "acme/new/", "Body": b""}),
        ),
    ),
    Deviation(
        "wildcards end at a line break",
        "`*` is any combination of characters.",
        GUIDE + "reference_policies_elements_resource.html",
        models.lines_apart,
        lambda bucket, _: (
            Case(allow("s3:*", f"arn:aws:s3:::{bucket}/*")),
            _get(bucket, "acme/b\nc.csv"),
        ),
    ),
)
