"""Policies and S3 calls made up at random, so that about as many are allowed as denied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.comparison.engine import ACCOUNT, REGION, SESSION, Call, Case

FOLDERS = ("acme/", "acme-corp/", "acme/incoming/", "Acme/", "zoë ü/", "")
NAMES = (
    "a.csv",
    "A.CSV",
    "q3 sales+1%.csv",
    "it's.csv",
    'two"x',
    "a",
    "a*b",
    "ünïcode.txt",
    "b\nc.csv",
    "",
)
VARIABLES = ("${aws:PrincipalTag/none}", "${aws:username, 'acme'}/", "${s3:prefix}", "a${*}")
ACTIONS = (
    "s3:*",
    "*",
    "s3:GetObject",
    "s3:Get*",
    "S3:getobject",
    "s3:PutObject",
    "s3:Put?bject",
    "s3:DeleteObject",
    "s3:*Object",
    "s3:ListBucket",
    "s3:List*",
    "s3:AbortMultipartUpload",
    "s3:ListAllMyBuckets",
    "s3:GetObjectVersion",
    "sqs:*",
)


@dataclass
class Made:
    """A case and the calls to try on it."""

    case: Case
    calls: list[Call]


class Maker:
    """Makes cases from a seed."""

    def __init__(self, seed: int, bucket: str, role: str) -> None:
        self._random = Random(seed)
        self._bucket = bucket
        self._role = role

    def keys(self) -> list[str]:
        return [key for folder in FOLDERS for name in NAMES if (key := folder + name)]

    def made(self, calls: int = 8) -> Made:
        bucket = self._policy(self._bucket_statement) if self._chance(0.35) else None
        case = Case(
            identity=self._policy(self._statement, broad=0.7),
            session=self._policy(self._statement, broad=0.5) if self._chance(0.6) else None,
            bucket=bucket,
            boundary=self._policy(self._statement, broad=0.7) if self._chance(0.15) else None,
        )
        return Made(case, [self._call() for _ in range(calls)])

    def _policy(
        self, statement: Callable[[], dict[str, Any]], broad: float = 0.0
    ) -> dict[str, Any]:
        statements = [statement() for _ in range(self._random.randint(1, 4))]
        if self._chance(broad):
            everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
            statements.insert(self._random.randint(0, len(statements)), everything)
        version = {"Version": self._one(("2012-10-17", "2012-10-17", "2008-10-17"))}
        return {**(version if self._chance(0.9) else {}), "Statement": statements}

    def _statement(self) -> dict[str, Any]:
        made: dict[str, Any] = {"Effect": "Allow" if self._chance(0.7) else "Deny"}
        made[self._one(("Action", "Action", "Action", "NotAction"))] = self._some(ACTIONS)
        resource = self._one(("Resource", "Resource", "Resource", "NotResource"))
        made[resource] = self._list([self._resource() for _ in range(self._random.randint(1, 3))])
        if self._chance(0.5):
            made["Condition"] = self._conditions()
        if self._chance(0.3):
            made["Sid"] = f"S{self._random.randint(0, 10**6)}"
        return made

    def _bucket_statement(self) -> dict[str, Any]:
        member = "NotPrincipal" if self._chance(0.03) else "Principal"
        made = {**self._statement(), member: self._principal()}
        # With Allow AWS does not support it.
        return {**made, "Effect": "Deny"} if member == "NotPrincipal" else made

    def _principal(self) -> Any:
        role = self._role.rpartition("/")[2]
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{SESSION}"
        root = f"arn:aws:iam::{ACCOUNT}:root"
        other = "arn:aws:iam::111122223333:role/other"
        names = (self._role, session, root, ACCOUNT, other, f"{self._role}x", "*")
        kinds = ("*", {"AWS": self._some(names)}, {"Service": "lambda.amazonaws.com"})
        return self._one((kinds[0], kinds[1], kinds[1], kinds[1], kinds[2]))

    def _resource(self) -> str:
        arn = f"arn:aws:s3:::{self._bucket}"
        if self._chance(0.03):
            return f"{arn}/{self._one(VARIABLES)}*"
        key = self._key()
        return str(
            self._one(
                (
                    "*",
                    "arn:aws:s3:::*",
                    arn,
                    arn,
                    f"{arn}/*",
                    f"{arn}*",
                    f"{arn}/{key}",
                    f"{arn}/{self._one(FOLDERS)}*",
                    f"{arn}/{self._wild(key)}",
                    f"arn:aws:s3:::{self._wild(self._bucket)}/{self._wild(key)}",
                    "arn:aws:s3:::other-bucket/*",
                )
            )
        )

    def _conditions(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        used: set[str] = set()
        for _ in range(self._random.randint(1, 2)):
            name, values = self._one(CONDITIONS)(self)
            key = self._one(values[0]) if isinstance(values[0], tuple) else values[0]
            if key not in used:
                made.setdefault(self._dressed(name), {})[self._cased(key)] = values[1]
            used.add(key)
        return made

    def _dressed(self, name: str) -> str:
        if name == "Null":
            return name
        prefix = self._one(("", "", "", "", "ForAllValues:", "ForAnyValue:"))
        return f"{prefix}{name}{self._one(('', '', 'IfExists'))}"

    def _call(self) -> Call:
        key = {"Bucket": self._bucket, "Key": self._key()}
        name = self._one(
            (
                *("GetObject", "HeadObject", "PutObject", "DeleteObject", "ListObjectsV2") * 3,
                *("CopyObject", "AbortMultipartUpload", "CreateMultipartUpload", "ListBuckets"),
            )
        )
        match name:
            case "ListObjectsV2":
                return Call(name, {"Bucket": self._bucket, **self._listing()})
            case "ListBuckets":
                return Call(name, {})
            case "CopyObject":
                source = {"Bucket": self._bucket, "Key": self._key()}
                return Call(name, {**key, "CopySource": source, "MetadataDirective": "REPLACE"})
            case "PutObject":
                return Call(name, {**key, "Body": b"x"})
            case "AbortMultipartUpload":
                return Call(name, {**key, "UploadId": "none"})
            case _:
                return Call(name, key)

    def _listing(self) -> dict[str, Any]:
        choices: dict[str, Any] = {
            "Prefix": self._one(("", *FOLDERS, self._key().replace("\n", ""))),
            "Delimiter": "/",
            "MaxKeys": self._one((1, 2, 10, 999)),
        }
        return {name: value for name, value in choices.items() if self._chance(0.7)}

    def _key(self) -> str:
        return str(self._one(self.keys()))

    def _wild(self, text: str) -> str:
        """The text with some of it behind `*` or `?`."""
        start = self._random.randint(0, len(text))
        end = self._random.randint(start, len(text))
        middle = self._one(("*", "?" * (end - start), "*" + text[start:end], "**"))
        return f"{text[:start]}{middle}{text[end:]}"

    def _cased(self, key: str) -> str:
        return str(self._one((key, key, key.lower(), key.upper().replace("AWS:", "aws:"))))

    def _some(self, values: tuple[str, ...]) -> str | list[str]:
        return self._list([self._one(values) for _ in range(self._random.randint(1, 3))])

    def _list(self, values: list[str]) -> str | list[str]:
        return values[0] if len(values) == 1 and self._chance(0.5) else values

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _one(self, values: Any) -> Any:
        return self._random.choice(values)

    def texts(self) -> tuple[str, Any]:
        """A string operator, key and values."""
        name = self._one(("StringEquals", "StringLike", "StringEqualsIgnoreCase"))
        name = name if self._chance(0.6) else name.replace("String", "StringNot")
        keys = {
            "s3:prefix": ("", *FOLDERS, "acme/*", "acme*", "*", "a?me/"),
            "s3:delimiter": ("/", "", "*"),
            "aws:PrincipalAccount": (ACCOUNT, "0*", "111122223333"),
            "aws:PrincipalType": ("AssumedRole", "assumedrole", "User"),
            "aws:PrincipalTag/team": ("sales", "SALES", "s*", "it"),
            "aws:PrincipalTag/none": ("x", "*"),
            "aws:RequestedRegion": (REGION, "us-*", "eu-west-1"),
            "aws:ResourceAccount": (ACCOUNT, "1*"),
            "aws:userid": (f"*:{SESSION}", "*", "AROA*"),
            "s3:x-amz-acl": ("private", "public-read"),
            "aws:SourceVpc": ("vpc-1",),
            "aws:PrincipalTag/Level": ("7", "${aws:PrincipalTag/Level}", "${aws:username, '7'}"),
        }
        # The prefix keeps neighbours apart: the commonest condition of all, and so it is here.
        key = self._one((*keys, *["s3:prefix"] * len(keys)))
        return name, (key, self._list([self._one(keys[key]) for _ in range(2)]))

    def numbers(self) -> tuple[str, Any]:
        name = self._one(ORDER)
        values = self._one(("10", 2, "1000", 7, "1e1", [1, 2, 10]))
        return f"Numeric{name}", (("s3:max-keys", "aws:PrincipalTag/Level"), values)

    def dates(self) -> tuple[str, Any]:
        name = self._one(ORDER)
        values = self._one(
            ("2020-01-01T00:00:00Z", "2999-12-31", "1577836800", "2999-01-01T00:00Z")
        )
        return f"Date{name}", (("aws:CurrentTime", "aws:TokenIssueTime", "aws:EpochTime"), values)

    def flags(self) -> tuple[str, Any]:
        key = ("aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:SourceVpc")
        return "Bool", (key, self._one((True, False, "true", "false", "FALSE")))

    def nulls(self) -> tuple[str, Any]:
        key = ("s3:prefix", "s3:delimiter", "aws:PrincipalTag/team", "aws:userid", "aws:SourceVpc")
        return "Null", (key, self._one((True, "false", "true")))

    def arns(self) -> tuple[str, Any]:
        name = self._one(("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"))
        values = (self._role, f"arn:aws:iam::{ACCOUNT}:role/*", "arn:*:role/*", "arn:aws:*:*:*:*")
        return name, ("aws:PrincipalArn", self._some(values))

    def addresses(self) -> tuple[str, Any]:
        values = self._one(("127.0.0.1", "127.0.0.0/8", ["10.0.0.0/8", "::1"], "0.0.0.0/0"))
        return self._one(("IpAddress", "NotIpAddress")), ("aws:SourceIp", values)


ORDER = (
    "Equals",
    "NotEquals",
    "LessThan",
    "LessThanEquals",
    "GreaterThan",
    "GreaterThanEquals",
)
CONDITIONS: tuple[Callable[[Maker], tuple[str, Any]], ...] = (
    Maker.texts,
    Maker.texts,
    Maker.texts,
    Maker.numbers,
    Maker.dates,
    Maker.flags,
    Maker.nulls,
    Maker.addresses,
    Maker.arns,
)
