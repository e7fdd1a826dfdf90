"""Hold a client of S3 to the policies, before an engine that asks nobody.

A refused call is not sent: botocore raises what S3 would have answered. A key that is missing is
forbidden to those who may not list, as S3 has it (API reference, HeadObject).

The policies are those of the login, a bucket's those of its first use: AWS heeds a change within
a session too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from emulator.files.policies.document import Document
from emulator.files.policies.evaluation import Policies, Request, evaluate
from emulator.files.policies.requests import Caller, knows_missing, requests_of
from emulator.files.policies.spot import MalformedPolicy

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)
_BUCKET = "quillgate_bucket"
_READS = ("GetObject", "HeadObject")


class Guard:
    """Decides each call of one session. `bucket_policy` is asked once for each bucket."""

    def __init__(
        self, caller: Caller, policies: Policies, bucket_policy: Callable[[str], Document | None]
    ) -> None:
        self._caller = caller
        self._policies = policies
        self._bucket_policy = cache(bucket_policy)

    def hold(self, s3: S3Client) -> None:
        """Let no call of this client pass by."""
        s3.meta.events.register("provide-client-params.s3", self._before)
        for name in _READS:
            s3.meta.events.register(f"after-call.s3.{name}", self._after)

    def _before(
        self, params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: Any
    ) -> None:
        context[_BUCKET] = params.get("Bucket")
        for request in requests_of(model.name, params, self._caller):
            if not self._allows(request):
                raise _refusal(model.name)

    def _after(
        self, parsed: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: Any
    ) -> None:
        missing = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404
        if missing and not self._allows(knows_missing(context[_BUCKET], self._caller)):
            raise _refusal(model.name)

    def _allows(self, request: Request) -> bool:
        try:
            policy = self._bucket_policy(request.bucket) if request.bucket else None
        except MalformedPolicy as error:
            log.warning("%s refused: %s", request.action, error)
            return False
        decision = evaluate(request, self._policies.with_bucket(policy))
        log.debug("%s: %s on %s", decision.kind, request.action, request.resource)
        return decision.allowed


def _refusal(operation: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": "AccessDenied", "Message": "Access Denied"},
            "ResponseMetadata": {
                "HTTPStatusCode": 403,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )
