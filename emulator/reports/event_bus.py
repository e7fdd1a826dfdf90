"""Transfer's events to the default event bus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from emulator.files.activity import Record
from emulator.reports.batches import Limit, batches
from emulator.reports.events import event
from emulator.reports.losses import Losses

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry


def _size(entry: Entry) -> int:
    """EventBridge user guide, eb-putevents: UTF-8 of the texts, and 14 for the time."""
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *entry["Resources"]]
    return 14 + sum(len(text.encode()) for text in texts)


LIMIT = Limit(items=10, bytes=256 * 1024, size=_size)
WHAT = "event bus"


class EventBus:
    """Deliver records as events with this `source`."""

    def __init__(
        self, client: Callable[[], EventBridgeClient], source: str, losses: Losses
    ) -> None:
        self._client = client
        self._source = source
        self._losses = losses

    def deliver(self, records: Sequence[Record]) -> None:
        """Send what Transfer has an event for; what is not taken is counted as lost."""
        made = (event(record, self._source) for record in records)
        for batch in batches([each for each in made if each], LIMIT):
            self._send(batch)

    def _send(self, batch: list[Entry]) -> None:
        try:
            answer = self._client().put_events(Entries=batch)
        except (BotoCoreError, ClientError) as error:
            self._losses.add(WHAT, len(batch), error)
            return
        refused = [each for each in answer["Entries"] if "ErrorCode" in each]
        if refused:
            reason = f"{refused[0]['ErrorCode']}: {refused[0].get('ErrorMessage', '')}"
            self._losses.add(WHAT, len(refused), reason)
        else:
            self._losses.over(WHAT)
