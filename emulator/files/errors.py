"""What can go wrong with a file, and the one place where S3's errors become ours.

    FileError            4  failure
    ├── NoSuchFile       2  no such file
    ├── PermissionDenied 3  permission denied
    └── Unsupported      8  operation unsupported

The numbers are SFTP version 3 status codes (draft-ietf-secsh-filexfer-02, section 7).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar

from botocore.exceptions import ClientError

log = logging.getLogger(__name__)

# AWS Transfer Family user guide, SFTP troubleshooting page.
RANDOM_ACCESS = "AWS Transfer does not support random access writes to S3 objects."


class FileError(Exception):
    """The operation failed; `str()` of it is what the client is told."""

    code: ClassVar[int] = 4


class NoSuchFile(FileError):  # noqa: N818
    """Nothing is there, or the user's mappings lead nowhere."""

    code = 2

    def __init__(self, text: str = "No such file or directory") -> None:
        super().__init__(text)


class PermissionDenied(FileError):  # noqa: N818
    """IAM said no."""

    code = 3

    def __init__(self, text: str = "Permission denied") -> None:
        super().__init__(text)


class Unsupported(FileError):  # noqa: N818
    """AWS Transfer does not do this on S3."""

    code = 8


# AWS refuses these without saying by which status and words (docs/fidelity.md): ours to choose.
FOLDER_RENAMED = partial(Unsupported, "Renaming directories is not supported")
NOT_EMPTY = partial(FileError, "Directory not empty")
EXISTS = partial(FileError, "File already exists")
IS_FOLDER = partial(FileError, "Is a directory")


@contextmanager
def s3_errors() -> Iterator[None]:
    """Turn whatever boto3 and its HTTP client raise into a `FileError`.

    All of it: botocore lets through errors that are none of its own, such as that of an answer it
    cannot parse, and one that passed by would leave a hole in an upload.
    """
    try:
        yield
    except FileError:
        raise
    except ClientError as error:
        raise _from_s3(error) from error
    except Exception as error:
        # Its words name hosts and addresses: they are for us, not for the client.
        log.warning("S3 could not be reached: %r", str(error))
        raise FileError("S3 could not be reached - try again") from error


def _from_s3(error: ClientError) -> FileError:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    message = error.response.get("Error", {}).get("Message") or str(error)
    match status:
        case 403:
            return PermissionDenied()
        case 404:
            return NoSuchFile()
        case 412:
            return FileError("The file was changed by somebody else meanwhile - try again")
        case _:
            return FileError(f"S3 refused: '{message}' - try again")
