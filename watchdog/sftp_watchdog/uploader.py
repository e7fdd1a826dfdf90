"""Who uploaded an object, as Transfer Family wrote it down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from .errors import NoUploaderError, http_status

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import HeadObjectRequestTypeDef

    from .events import Upload

# Transfer API reference, "CreateUser", UserName.
_USER_NAME = re.compile(r"\w[\w@.-]{2,99}", re.ASCII)


def uploaded_by(s3: S3Client, upload: Upload) -> str | None:
    """The user name in the object's `x-amz-meta-user-agent-id`, which is `username@server-id`.

    None when it was not uploaded through Transfer (whoever writes to S3 itself can put any text
    there), or the version is gone. NoUploaderError when S3 fails or refuses.
    Source: Transfer Family user guide, "Transferring files", object metadata.
    """
    request: HeadObjectRequestTypeDef = {"Bucket": upload.bucket, "Key": upload.key}
    if upload.version_id:
        request["VersionId"] = upload.version_id
    try:
        head = s3.head_object(**request)
    except ClientError as error:
        if http_status(error) == 404:
            return None
        raise NoUploaderError(_complaint(upload, error)) from error
    except BotoCoreError as error:
        raise NoUploaderError(_complaint(upload, error)) from error
    # A user name may hold an @, a server id never does.
    name = head["Metadata"].get("user-agent-id", "").rpartition("@")[0]
    return name if _USER_NAME.fullmatch(name) else None


def _complaint(upload: Upload, error: Exception) -> str:
    return f"object cannot be looked at: {upload.key!r}: {error} - let the watchdog read it"
