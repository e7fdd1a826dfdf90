"""How long LocalStack lets an event source rest after it was found empty."""

from __future__ import annotations

from localstack.services.lambda_.event_source_mapping import esm_worker
from localstack.utils.backoff import ExponentialBackoff


class _Rest(ExponentialBackoff):
    """A first rest no longer than the longest: LocalStack 4.14's own is a second or more."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.initial_interval: float = min(self.initial_interval, self.max_interval)


def keep_rests_short() -> None:
    """LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC holds for the first rest, too."""
    esm_worker.ExponentialBackoff = _Rest
