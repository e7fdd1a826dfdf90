"""Elastic IP addresses for engines whose CloudFormation does not know them.

Each is asked of the engine's EC2 once and found again by its tags.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ELASTIC_IP = "AWS::EC2::EIP"
_STACK, _LOGICAL_ID = "quillgate:stack", "quillgate:logical-id"


@dataclass(frozen=True)
class Address:
    """One address: `allocation_id` as in `eipalloc-...`, `public_ip` as in `52.1.2.3`."""

    allocation_id: str
    public_ip: str


def ensure(ec2: Any, stack_name: str, logical_ids: Iterable[str]) -> dict[str, Address]:
    """The stack's address for each logical id; the same one on every run."""
    return {name: _ensure(ec2, {_STACK: stack_name, _LOGICAL_ID: name}) for name in logical_ids}


def _ensure(ec2: Any, tags: dict[str, str]) -> Address:
    for found in ec2.describe_addresses()["Addresses"]:
        if {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])} == tags:
            return Address(found["AllocationId"], found["PublicIp"])
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    made = ec2.allocate_address(
        Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": listed}]
    )
    return Address(made["AllocationId"], made["PublicIp"])
