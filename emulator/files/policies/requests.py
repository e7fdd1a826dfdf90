"""What IAM is asked for one S3 call: actions, resources and condition keys.

S3's part of the service authorization reference (list_amazons3). Where the reference lists more
keys than stand here, the call does not carry them. `aws:SourceIp` is left out: AWS does not say
which address S3 sees when Transfer Family calls. A policy that insists on one is not met, as by any
key that a request lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from emulator.files.policies.evaluation import Request
from emulator.files.policies.principal import Principal

_ACTIONS = {
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CopyObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "UploadPartCopy": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "DeleteObject": "s3:DeleteObject",
}
_CREATES_NO_OBJECT = ("CreateMultipartUpload", "UploadPart", "UploadPartCopy")
_PARAMETER_KEYS = {
    "s3:ListBucket": {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"},
    "s3:PutObject": {"IfNoneMatch": "s3:if-none-match"},
}


class UnknownCall(Exception):  # noqa: N818
    """An S3 call that no session makes: it is not known what it needs, so nobody may."""


@dataclass(frozen=True)
class Caller:
    """A role's session, with what IAM knows of it whatever it asks for."""

    principal: Principal
    role_id: str
    region: str
    is_secure: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def context(self) -> dict[str, tuple[str, ...]]:
        """The global condition keys (IAM user guide, reference_policies_condition-keys)."""
        now = datetime.now(UTC)
        who = self.principal
        values = {
            "aws:currenttime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:epochtime": str(int(now.timestamp())),
            "aws:tokenissuetime": self.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:multifactorauthpresent": "false",
            "aws:principalarn": who.role_arn,
            "aws:principalaccount": who.account,
            "aws:principaltype": "AssumedRole",
            "aws:principalisawsservice": "false",
            "aws:userid": f"{self.role_id}:{who.session_name}",
            "aws:requestedregion": self.region,
            "aws:securetransport": str(self.is_secure).lower(),
            "aws:viaawsservice": "false",
            "aws:resourceaccount": who.account,
            "s3:resourceaccount": who.account,
            # As every SDK asks (S3 API reference, bucket-policy-s3-sigv4-conditions).
            "s3:authtype": "REST-HEADER",
            "s3:signatureversion": "AWS4-HMAC-SHA256",
            **{f"aws:principaltag/{key}".lower(): value for key, value in self.tags.items()},
        }
        return {key: (value,) for key, value in values.items()}


def requests_of(call: str, parameters: Mapping[str, Any], caller: Caller) -> tuple[Request, ...]:
    """All that must be allowed for an S3 call by botocore's name; raises UnknownCall."""
    action = _ACTIONS.get(call)
    if action is None:
        raise UnknownCall(f"no rule for an S3 call: '{call}' - add it to policies/requests.py")
    context = {**caller.context(), **_own_keys(call, action, parameters)}
    resource = _resource(caller, str(parameters.get("Bucket", "*")), parameters.get("Key"))
    first = Request(action, resource, caller.principal, context)
    if "CopySource" not in parameters:
        return (first,)
    source = parameters["CopySource"]
    read = _resource(caller, source["Bucket"], source["Key"])
    return Request("s3:GetObject", read, caller.principal, caller.context()), first


def knows_missing(bucket: str, caller: Caller) -> Request:
    """What must be allowed to be told that a key is missing: to others S3 answers 403, not 404.

    S3 API reference, HeadObject and GetObject; the listing is asked about without a prefix.
    """
    return Request(
        "s3:ListBucket", _resource(caller, bucket, None), caller.principal, caller.context()
    )


def _own_keys(call: str, action: str, parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    names = _PARAMETER_KEYS.get(action, {})
    keys: dict[str, tuple[str, ...]] = {
        key: (str(parameters[name]),) for name, key in names.items() if name in parameters
    }
    if action == "s3:ListBucket":
        # "always present in the request" (reference_policies_elements_condition_operators)
        keys.setdefault("s3:max-keys", ("1000",))
    if action == "s3:PutObject":
        creates = call not in _CREATES_NO_OBJECT
        keys["s3:objectcreationoperation"] = (str(creates).lower(),)
    if source := parameters.get("CopySource"):
        keys["s3:x-amz-copy-source"] = (f"{source['Bucket']}/{source['Key']}",)
    return keys


def _resource(caller: Caller, bucket: str, key: str | None) -> str:
    arn = f"arn:{caller.principal.partition}:s3:::{bucket}"
    return arn if key is None else f"{arn}/{key}"
