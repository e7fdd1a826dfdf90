"""What Quill is told: one notification for one upload, and the checks it must pass."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

PROJECT_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"


class NotUnderstood(Exception):  # noqa: N818 - it is what Quill says
    """The call is no notification. Answered with 400 and these words, and not recorded."""


def _point_in_time(text: str) -> str:
    if not text.endswith("Z"):
        raise ValueError("must be UTC and end in 'Z'")
    datetime.fromisoformat(text)
    return text


def _folder(text: str) -> str:
    if not text.endswith("/") or text.startswith("/"):
        raise ValueError("must be a folder in the bucket: ends in '/', does not start with it")
    return text


class Notification(BaseModel):
    """The body of `POST /v1/projects/{project}/files`. `size` is in bytes, times are UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[0-9a-f]{64}$")
    project: str = Field(pattern=PROJECT_PATTERN)
    bucket: str = Field(min_length=3, max_length=63)
    key: str = Field(min_length=1, max_length=1024)
    version_id: str = Field(min_length=1)
    size: int = Field(ge=0)
    etag: str = Field(min_length=1)
    uploaded_at: Annotated[str, AfterValidator(_point_in_time)]
    uploaded_by: str | None
    deliver_to: Annotated[str, AfterValidator(_folder)]

    @property
    def file_name(self) -> str:
        """`q3 sales.csv` of `acme/incoming/eu/q3 sales.csv`."""
        return self.key.rsplit("/", 1)[-1]

    @property
    def story_key(self) -> str:
        """Where the story goes: `acme/outgoing/eu/q3 sales.csv.story.txt`."""
        return f"{self.deliver_to}{self.file_name}.story.txt"


def read_notification(body: bytes, project: str, idempotency_key: str | None) -> Notification:
    """The notification of one call, or `NotUnderstood` with words for whoever sent it."""
    notification = _validated(body)
    if notification.project != project:
        raise NotUnderstood(
            f"project in the body differs from the path: '{notification.project}' - "
            f"post to /v1/projects/{notification.project}/files"
        )
    if idempotency_key != notification.id:
        raise NotUnderstood(
            f"Idempotency-Key is not the id: '{idempotency_key or ''}' - "
            "send the notification's id in that header"
        )
    return notification


def _validated(body: bytes) -> Notification:
    try:
        return Notification.model_validate_json(body)
    except ValidationError as error:
        raise NotUnderstood(f"not a notification: {mistakes(error)}") from error


def mistakes(error: ValidationError) -> str:
    """`'size' - Input should be a valid integer; 'etag' - Field required`."""
    return "; ".join(
        f"'{'.'.join(str(part) for part in detail['loc']) or 'body'}' - {detail['msg']}"
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    )
