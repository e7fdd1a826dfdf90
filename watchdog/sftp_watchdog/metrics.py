"""What is counted: a line of the log per run, which CloudWatch turns into metrics (EMF)."""

from __future__ import annotations

from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


class Metric(StrEnum):
    """Everything counted; alarms and dashboard know these names. Each outcome has one."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNROUTED = "Unrouted"
    WAITING = "Waiting"
    PARTIAL = "Partial"
    IGNORED = "Ignored"
    DUPLICATE = "Duplicate"
    RETRIED = "Retried"  # a try that failed, for whatever reason
    MISCONFIGURED = "Misconfigured"  # a person has to change something
    SECONDS_TO_RECEIPT = "SecondsToReceipt"  # from the upload on, for each one accepted
    SWEPT = "Swept"  # the sweep put it back on the queue: it was lost
    LONG_WAITING = "LongWaiting"  # how many there are, each time the sweep looks


class Metrics:
    """The metrics of one stack, written when a run ends.

    Their only dimension is `Stack`, whichever function counts: an alarm sees a metric only under
    the exact set of its dimensions.
    """

    def __init__(self, namespace: str, stack_name: str) -> None:
        # An empty service is none: Powertools would make it a dimension.
        self._metrics = EphemeralMetrics(service="", namespace=namespace)
        self._metrics.set_default_dimensions(Stack=stack_name)

    def count(self, metric: Metric, number: int = 1) -> None:
        """Add to a metric."""
        self._metrics.add_metric(metric, MetricUnit.Count, number)

    def took(self, metric: Metric, seconds: float) -> None:
        """Add a time; a clock that is behind does not make it negative."""
        self._metrics.add_metric(metric, MetricUnit.Seconds, max(0.0, seconds))

    def flush(self) -> None:
        """Write what was counted since the last time, if anything was."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()
