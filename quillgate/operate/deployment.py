"""Where the parts of one stack are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sftp_watchdog.ledger import Ledger

from quillgate.target import Target


@dataclass(frozen=True)
class Deployment:
    """A stack's parts as they are reached from here.

    `prefix` is what the names of its resources begin with, such as `prod-quillgate-sftp`.
    """

    target: Target
    prefix: str
    bucket: str
    queue_url: str
    dead_letter_queue_url: str
    ledger: Ledger

    @classmethod
    def of(cls, target: Target) -> Deployment:
        """Look the parts up. Raises TargetError when there is no such stack."""
        out = target.outputs()
        return cls(
            target=target,
            prefix=out["WatchdogFunctionName"].removesuffix("-watchdog"),
            bucket=out["BucketName"],
            queue_url=target.reachable(out["QueueUrl"]),
            dead_letter_queue_url=target.reachable(out["DeadLetterQueueUrl"]),
            ledger=Ledger(target.client("s3"), out["LedgerBucketName"]),
        )

    @property
    def server_log_group(self) -> str:
        """Where the SFTP server writes its log."""
        return f"/aws/vendedlogs/transfer/{self.prefix}"

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self.target.client(service)
