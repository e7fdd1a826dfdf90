"""How the functions log: lines of JSON, ids first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

if TYPE_CHECKING:
    from .settings import Settings

_ORDER = ["upload_id", "key", "outcome", "reason", "level", "message", "timestamp"]


def logger_for(settings: Settings) -> Logger:
    """The logger of a function."""
    return Logger(service=settings.service, log_record_order=_ORDER)
