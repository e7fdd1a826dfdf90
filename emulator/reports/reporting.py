"""Where a service's records go: its own log, always; CloudWatch Logs and the event bus, in time.

The process's own credentials write there. On AWS the service does, by resource policies.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial

import boto3
from botocore.config import Config

from emulator.files.activity import Record, Sink
from emulator.reports.delivery import Delivery
from emulator.reports.event_bus import EventBus
from emulator.reports.lines import line
from emulator.reports.log_groups import LogGroups
from emulator.reports.losses import Losses
from emulator.transfer.model import Server

log = logging.getLogger("emulator.activity")

# An engine that restarts is waited for some ten seconds.
TUNING = Config(
    retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=2, read_timeout=10
)
FindServer = Callable[[str], Server | None]


@contextmanager
def reporting(find_server: FindServer, region: str, event_source: str) -> Iterator[Sink]:
    """Give the sink for all servers' records; what waits at the end is delivered then.

    `find_server(server_id)` sees the latest state. An empty `event_source` sends no events.
    """
    losses = Losses()
    session = boto3.Session(region_name=region)
    log_groups = LogGroups(
        cache(partial(session.client, "logs", config=TUNING)), _find_log_group(find_server), losses
    )
    targets = [log_groups.deliver]
    if event_source:
        client = cache(partial(session.client, "events", config=TUNING))
        # First: when there is little time, an event is worth more than a line.
        targets.insert(0, EventBus(client, event_source, losses).deliver)
    with Delivery(targets, losses) as delivery:

        def sink(record: Record) -> None:
            log.info(line(record))
            delivery.put(record)

        yield sink


def _find_log_group(find_server: FindServer) -> Callable[[str], str | None]:
    """A server's destination, or its last one when it is deleted."""
    last: dict[str, str | None] = {}

    def find(server_arn: str) -> str | None:
        if server := find_server(server_arn.rpartition("/")[2]):
            last[server_arn] = server.log_group
        return last.get(server_arn)

    return find
