"""Parts of one large object on their way to S3, a few at a time.

Memory stays bounded because `send` waits while `IN_FLIGHT` bytes are on their way. The first 1,000
parts have 8 MiB, each further 1,000 twice as much: 10,000 parts, S3's limit, then hold more than
5 TiB, and up to 8 GiB no part is larger than 8 MiB.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future, wait
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from emulator.files.errors import FileError, s3_errors
from emulator.files.target import CONTENT_TYPE, Target

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import CompletedPartTypeDef

MIB = 1024 * 1024
IN_FLIGHT = 16 * MIB


def part_size(number: int) -> int:
    """Bytes of part `number`, counted from 1."""
    return 8 * MIB << (number - 1) // 1000


class Multipart:
    """One multipart upload: `send` every part but the last in full, then `complete` or `abort`."""

    def __init__(self, target: Target, workers: Executor) -> None:
        self._target = target
        self._workers = workers
        self._id = workers.submit(self._create)
        self._moving: deque[Future[CompletedPartTypeDef]] = deque()
        self._done: list[CompletedPartTypeDef] = []

    @property
    def next_size(self) -> int:
        """Bytes of the part to be sent next."""
        return part_size(len(self._done) + len(self._moving) + 1)

    @property
    def is_full(self) -> bool:
        """`send` would have to wait, or to tell of an earlier part that failed."""
        return len(self._moving) >= max(1, IN_FLIGHT // self.next_size)

    def send(self, body: bytearray) -> None:
        """Start one part; waits for an earlier one if too much is moving; raises its error."""
        while len(self._moving) >= max(1, IN_FLIGHT // self.next_size):
            self._done.append(self._moving.popleft().result())
        number = len(self._done) + len(self._moving) + 1
        self._moving.append(self._workers.submit(self._upload, number, body))

    def complete(self, size: int) -> str:
        """Make the object appear and give its ETag; S3 compares the parts with `size`, in bytes.

        The ETag is empty when S3's answer was lost and it no longer knows of the upload.
        """
        while self._moving:
            self._done.append(self._moving.popleft().result())
        with s3_errors():
            try:
                answer = self._target.s3.complete_multipart_upload(
                    Bucket=self._target.bucket,
                    Key=self._target.key,
                    UploadId=self._id.result(),
                    MultipartUpload={"Parts": self._done},
                    MpuObjectSize=size,
                )
            except ClientError as error:
                if _was_done_before(error):
                    return ""
                raise
            return answer.get("ETag", "").strip('"')

    def abort(self) -> None:
        """Leave nothing behind; parts on their way are waited for, as S3 would keep them."""
        wait(self._moving)
        if self._id.exception() is not None:
            return
        with s3_errors():
            self._target.s3.abort_multipart_upload(
                Bucket=self._target.bucket, Key=self._target.key, UploadId=self._id.result()
            )

    def _create(self) -> str:
        with s3_errors():
            answer = self._target.s3.create_multipart_upload(
                Bucket=self._target.bucket,
                Key=self._target.key,
                Metadata=self._target.metadata,
                ContentType=CONTENT_TYPE,
                ChecksumAlgorithm="CRC32",
            )
        return answer["UploadId"]

    def _upload(self, number: int, body: bytearray) -> CompletedPartTypeDef:
        if number > 10_000:
            raise FileError("file too large: more than 10000 parts - S3 objects end at 5 TiB")
        with s3_errors():
            answer = self._target.s3.upload_part(
                Bucket=self._target.bucket,
                Key=self._target.key,
                UploadId=self._id.result(),
                PartNumber=number,
                Body=cast("bytes", body),  # botocore takes it; bytes would be copied once more
                ChecksumAlgorithm="CRC32",
            )
        part: CompletedPartTypeDef = {"PartNumber": number, "ETag": answer["ETag"]}
        if checksum := answer.get("ChecksumCRC32"):
            part["ChecksumCRC32"] = checksum
        return part


def _was_done_before(error: ClientError) -> bool:
    """Some engines forget an upload once it is complete, and a request sent again meets nothing."""
    was_sent_again = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
    return was_sent_again and error.response["Error"].get("Code") == "NoSuchUpload"
