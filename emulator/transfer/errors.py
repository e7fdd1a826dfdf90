"""What the Transfer API answers when it cannot do what was asked.

TransferError                 rendered by itself: HTTP status, code and body as AWS sends them
├── SerializationError        the body is not JSON, or a member has the wrong JSON type
├── ValidationError           a member breaks the API's model: length, pattern, enum, missing
├── UnknownOperationError     no such operation in the API
├── NotEmulatedError          an operation of AWS that this emulator does not have
├── FromAPageError            a web page asks, which no client of AWS is
├── InvalidRequestError       well-formed, and still refused
├── InvalidNextTokenError     a NextToken this API did not give
├── NotFoundError             with Resource and ResourceType
├── ExistsError               with Resource and ResourceType
└── InternalError             the emulator itself failed

StoreError                    the state on disk cannot be read or written; never sent as it is
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar


class TransferError(Exception):
    """One error answer. `code` is the shape's name in the API; `body` what goes over the wire."""

    code: ClassVar[str]
    status: ClassVar[int] = 400
    message_member: ClassVar[str] = "Message"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def body(self) -> dict[str, str]:
        """Members of the error's shape, and `__type`, by which SDKs know the shape."""
        return {"__type": self.code, self.message_member: self.message}


class SerializationError(TransferError):
    """Sent by AWS's front end before the service sees the request, hence the lower-case member."""

    code = "SerializationException"
    message_member = "message"


class ValidationError(TransferError):
    """All broken constraints in one message, joined as AWS joins them."""

    code = "ValidationException"
    message_member = "message"

    def __init__(self, broken: Sequence[str]) -> None:
        errors = "error" if len(broken) == 1 else "errors"
        super().__init__(f"{len(broken)} validation {errors} detected: {'; '.join(broken)}")


class UnknownOperationError(TransferError):
    """No operation of that name in the API's model."""

    code = "UnknownOperationException"
    message_member = "message"


class NotEmulatedError(TransferError):
    """501 is no status AWS sends, so nobody takes this answer for AWS's; SDKs do not retry it."""

    code = "NotImplementedException"
    status = 501
    message_member = "message"


class FromAPageError(TransferError):
    """Of our own: nobody signs here, so that any page in the user's browser might ask."""

    code = "AccessDeniedException"
    status = 403

    def __init__(self, origin: str) -> None:
        super().__init__(f"refused for web pages: '{origin[:200]}' - ask with an AWS SDK")


class InvalidRequestError(TransferError):
    """The request is well-formed and cannot be granted."""

    code = "InvalidRequestException"


class InvalidNextTokenError(TransferError):
    """The NextToken is not one that this listing gave."""

    code = "InvalidNextTokenException"


class _ResourceError(TransferError):
    def __init__(self, message: str, *, resource: str, resource_type: str) -> None:
        super().__init__(message)
        self.resource = resource
        self.resource_type = resource_type

    @property
    def body(self) -> dict[str, str]:
        return {**super().body, "Resource": self.resource, "ResourceType": self.resource_type}


class NotFoundError(_ResourceError):
    """`Unknown server` is AWS's wording (archived user guide, troubleshooting)."""

    code = "ResourceNotFoundException"

    def __init__(self, resource_type: str, resource: str) -> None:
        message = f"Unknown {resource_type.lower()}"
        super().__init__(message, resource=resource, resource_type=resource_type)


class ExistsError(_ResourceError):
    """There is one already; AWS's wording is not documented."""

    code = "ResourceExistsException"

    def __init__(self, resource_type: str, resource: str) -> None:
        message = f"{resource_type} already exists: '{resource}'"
        super().__init__(message, resource=resource, resource_type=resource_type)


class InternalError(TransferError):
    """The emulator failed, not the caller."""

    code = "InternalServiceError"
    status = 500


class StoreError(Exception):
    """The file that holds servers and users cannot be used."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(
            f"cannot use the Transfer store: '{path}' ({reason}) - check its permissions and the"
            " free space; if it is damaged, move it away (with its -wal and -shm files) to start"
            " with an empty one"
        )
