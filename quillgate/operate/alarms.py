"""The stack's alarms that are in ALARM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quillgate.operate.deployment import Deployment


@dataclass(frozen=True)
class Alarm:
    """One of them: its name, and what the template says that it means and what to do."""

    name: str
    description: str


def alarms(deployment: Deployment) -> Iterator[Alarm]:
    """Those in ALARM."""
    pages = deployment.client("cloudwatch").get_paginator("describe_alarms")
    prefix = f"{deployment.prefix}-"
    for page in pages.paginate(StateValue="ALARM", AlarmNamePrefix=prefix):
        for found in (*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])):
            # Engines may not filter.
            if found["StateValue"] == "ALARM" and found["AlarmName"].startswith(prefix):
                yield Alarm(found["AlarmName"], found.get("AlarmDescription", ""))
