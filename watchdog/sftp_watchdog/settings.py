"""The function's environment, read once and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import SettingsError

# SQS hides a message for 12 hours at most, counted from its receipt (ChangeMessageVisibility): what
# is set at the end of a batch has to be less. For other numbers it is as good a bound as any.
MAX_VISIBILITY_SECONDS = 42_000


@dataclass(frozen=True)
class Settings:
    """What the template tells the function; times are whole seconds."""

    bucket: str
    ledger_bucket: str
    secret_id: str
    queue_url: str
    max_receive_count: int = 110
    retry_base_seconds: int = 30
    retry_max_seconds: int = 900
    quill_timeout_seconds: int = 10
    config_max_age_seconds: int = 30
    queue_visibility_seconds: int = 720
    sweep_grace_seconds: int = 900
    sweep_pages: int = 1000
    waiting_alarm_minutes: int = 60
    service: str = "watchdog"
    namespace: str = "Quillgate"
    stack_name: str = "quillgate"
    transfer_log_group: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; SettingsError names the first variable that is wrong."""
        return cls(
            bucket=_text(environ, "BUCKET"),
            ledger_bucket=_text(environ, "LEDGER_BUCKET"),
            secret_id=_text(environ, "SECRET_ID"),
            queue_url=_text(environ, "QUEUE_URL"),
            max_receive_count=_whole(
                environ, "MAX_RECEIVE_COUNT", cls.max_receive_count, at_least=1
            ),
            retry_base_seconds=_whole(
                environ, "RETRY_BASE_SECONDS", cls.retry_base_seconds, at_least=1
            ),
            retry_max_seconds=_whole(
                environ, "RETRY_MAX_SECONDS", cls.retry_max_seconds, at_least=1
            ),
            quill_timeout_seconds=_whole(
                environ, "QUILL_TIMEOUT_SECONDS", cls.quill_timeout_seconds, at_least=1
            ),
            config_max_age_seconds=_whole(
                environ, "CONFIG_MAX_AGE_SECONDS", cls.config_max_age_seconds
            ),
            queue_visibility_seconds=_whole(
                environ, "QUEUE_VISIBILITY_SECONDS", cls.queue_visibility_seconds
            ),
            sweep_grace_seconds=_whole(environ, "SWEEP_GRACE_SECONDS", cls.sweep_grace_seconds),
            sweep_pages=_whole(environ, "SWEEP_PAGES", cls.sweep_pages, at_least=1),
            waiting_alarm_minutes=_whole(
                environ, "WAITING_ALARM_MINUTES", cls.waiting_alarm_minutes, at_least=1
            ),
            service=_text(environ, "POWERTOOLS_SERVICE_NAME", cls.service),
            namespace=_text(environ, "POWERTOOLS_METRICS_NAMESPACE", cls.namespace),
            stack_name=_text(environ, "STACK_NAME", cls.stack_name),
            transfer_log_group=environ.get("TRANSFER_LOG_GROUP", "").strip(),
        )


def _text(environ: Mapping[str, str], name: str, default: str = "") -> str:
    value = environ.get(name, "").strip() or default
    if not value:
        raise SettingsError(f"missing environment variable: {name!r} - set it in the template")
    return value


def _whole(environ: Mapping[str, str], name: str, default: int, at_least: int = 0) -> int:
    value = _text(environ, name, str(default))
    if not value.isascii() or not value.isdigit():
        raise SettingsError(f"{name} is no number: {value!r} - use a whole number")
    number = int(value)
    if not at_least <= number <= MAX_VISIBILITY_SECONDS:
        raise SettingsError(
            f"{name} is out of range: {value!r} - use {at_least} to {MAX_VISIBILITY_SECONDS}"
        )
    return number
