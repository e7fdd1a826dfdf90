"""An S3 in memory for the tests of `emulator.files`: only what they ask of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def refusal(status: int, code: str = "Refused") -> ClientError:
    """What boto3 raises for an HTTP status."""
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Operation",
    )


class FakeS3:
    """`objects` maps keys to bytes; `refuse` names an operation that fails, with 403 or `error`."""

    def __init__(self, *, refuse: str = "", error: Exception | None = None) -> None:
        self._error = error or refusal(403)
        self.objects: dict[str, bytes] = {}
        self.metadata: dict[str, Any] = {}
        self.calls: list[str] = []
        self.ranges: list[str] = []
        self.aborted = False
        self._parts: dict[int, bytes] = {}
        self._refuse = refuse
        self._lock = Lock()

    @property
    def client(self) -> S3Client:
        return cast("S3Client", self)

    def close(self) -> None:
        """What a client has: lets its connections go."""

    def put_object(self, **call: Any) -> dict[str, Any]:
        self._called("put_object")
        self.objects[call["Key"]] = bytes(call.get("Body", b""))
        self.metadata[call["Key"]] = call["Metadata"]
        return {"ETag": '"put"'}

    def create_multipart_upload(self, **call: Any) -> dict[str, Any]:
        self._called("create_multipart_upload")
        self.metadata[call["Key"]] = call["Metadata"]
        return {"UploadId": "u"}

    def upload_part(self, **call: Any) -> dict[str, Any]:
        self._called("upload_part")
        self._parts[call["PartNumber"]] = bytes(call["Body"])
        return {"ETag": f"e{call['PartNumber']}", "ChecksumCRC32": "AAAAAA=="}

    def complete_multipart_upload(self, **call: Any) -> dict[str, Any]:
        self._called("complete_multipart_upload")
        numbers = [part["PartNumber"] for part in call["MultipartUpload"]["Parts"]]
        whole = b"".join(self._parts[number] for number in numbers)
        assert len(whole) == call["MpuObjectSize"]
        self.objects[call["Key"]] = whole
        return {"ETag": '"parts-1"'}

    def abort_multipart_upload(self, **_: Any) -> dict[str, Any]:
        self._called("abort_multipart_upload")
        self.aborted = True
        return {}

    def head_object(self, **call: Any) -> dict[str, Any]:
        self._called("head_object")
        if call["Key"] not in self.objects:
            raise refusal(404)
        size = len(self.objects[call["Key"]])
        return {"ContentLength": size, "LastModified": datetime.fromtimestamp(0, UTC)}

    def get_object(self, **call: Any) -> dict[str, Any]:
        self._called("get_object")
        data = self.objects.get(call["Key"])
        if data is None:
            raise refusal(404)
        etag = str(hash(data))
        if call.get("IfMatch", etag) != etag:
            raise refusal(412)
        self.ranges.append(call.get("Range", ""))
        first, _, last = call.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        wanted = data[int(first) : int(last or len(data)) + 1]
        return {
            "Body": self.body(wanted),
            "ContentLength": len(wanted),
            "ETag": etag,
            "LastModified": datetime.fromtimestamp(0, UTC),
        }

    body: Callable[[bytes], Any] = staticmethod(io.BytesIO)

    def _called(self, operation: str) -> None:
        with self._lock:
            self.calls.append(operation)
        if operation == self._refuse:
            raise self._error
