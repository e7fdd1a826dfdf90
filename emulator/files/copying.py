"""Copy one object inside S3, whatever its size, with what it carries."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from emulator.files.errors import FileError, s3_errors
from emulator.files.target import Target

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        CopySourceTypeDef,
        HeadObjectOutputTypeDef,
    )

COPY_LIMIT = 5 * 1024**3  # one CopyObject, S3 API reference
COPY_PART = 1024**3


def copy(target: Target, source: CopySourceTypeDef, head: HeadObjectOutputTypeDef) -> None:
    """Copy `source`, as `head` saw it, to `target`; an object already there is never replaced.

    Not every engine heeds that condition on CopyObject, so callers look first as well.
    """
    if head["ContentLength"] > COPY_LIMIT:
        _copy_in_parts(target, source, head)
        return
    with s3_errors():
        target.s3.copy_object(
            Bucket=target.bucket,
            Key=target.key,
            CopySource=source,
            CopySourceIfMatch=head["ETag"],
            IfNoneMatch="*",
        )


def _copy_in_parts(
    target: Target, source: CopySourceTypeDef, head: HeadObjectOutputTypeDef
) -> None:
    with s3_errors():
        upload_id = target.s3.create_multipart_upload(
            Bucket=target.bucket,
            Key=target.key,
            Metadata=head["Metadata"],
            ContentType=head["ContentType"],
        )["UploadId"]
    try:
        _fill(target, upload_id, source, head)
    except FileError:
        with suppress(FileError), s3_errors():
            target.s3.abort_multipart_upload(
                Bucket=target.bucket, Key=target.key, UploadId=upload_id
            )
        raise


def _fill(
    target: Target, upload_id: str, source: CopySourceTypeDef, head: HeadObjectOutputTypeDef
) -> None:
    parts: list[CompletedPartTypeDef] = []
    with s3_errors():
        for number, span in enumerate(_spans(head["ContentLength"]), start=1):
            answer = target.s3.upload_part_copy(
                Bucket=target.bucket,
                Key=target.key,
                UploadId=upload_id,
                PartNumber=number,
                CopySource=source,
                CopySourceIfMatch=head["ETag"],
                CopySourceRange=span,
            )
            parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
        target.s3.complete_multipart_upload(
            Bucket=target.bucket,
            Key=target.key,
            UploadId=upload_id,
            MultipartUpload={"Parts": parts},
            IfNoneMatch="*",
        )


def _spans(size: int) -> list[str]:
    starts = range(0, size, COPY_PART)
    return [f"bytes={start}-{min(start + COPY_PART, size) - 1}" for start in starts]
