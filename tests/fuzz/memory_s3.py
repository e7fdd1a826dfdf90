"""An S3 in memory that is quick enough for a million calls: one bucket, and users' rights to it.

Faithful where an SFTP server leans on it: conditional copies and reads, listings in the order of
the keys' bytes with common prefixes and short pages, multipart uploads that appear when they are
completed, and 403 instead of 404 for those who may not list (S3 API reference, HeadObject).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

PAGE = 3  # so that small folders have several pages
LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass
class Storage:
    """What all clients share: `objects` by key, `uploads` begun and neither done nor given up."""

    bucket: str
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    ids: Iterator[int] = field(default_factory=lambda: count(1))


class MemoryS3:
    """One user's client. `home`, if given, is the key prefix beyond which all is forbidden.

    `asked` collects the keys it was told to change, also those that were refused.
    """

    def __init__(self, storage: Storage, home: str | None = None) -> None:
        self.asked: set[str] = set()
        self._storage = storage
        self._home = home

    def close(self) -> None:
        """What a client has."""

    def list_buckets(self) -> Mapping[str, Any]:
        raise _refusal(403)

    def head_object(self, *, Bucket: str, Key: str) -> Mapping[str, Any]:  # noqa: N803
        data = self._data(Bucket, Key)
        return {"ContentLength": len(data), "LastModified": LONG_AGO, "ETag": _etag(data)}

    def get_object(self, *, Bucket: str, Key: str, **more: str) -> Mapping[str, Any]:  # noqa: N803
        data = self._data(Bucket, Key)
        if more.get("IfMatch", _etag(data)) != _etag(data):
            raise _refusal(412)
        first, _, last = more.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        body = data[int(first) : int(last or len(data)) + 1]
        head = {"ContentLength": len(body), "LastModified": LONG_AGO, "ETag": _etag(data)}
        return {**head, "Body": io.BytesIO(body)}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes = b"",  # noqa: N803
        **_: Any,
    ) -> Mapping[str, Any]:
        self._change(Bucket, Key, bytes(Body))
        return {}

    def delete_object(self, *, Bucket: str, Key: str) -> Mapping[str, Any]:  # noqa: N803
        self._change(Bucket, Key, None)
        return {}

    def copy_object(self, **call: Any) -> Mapping[str, Any]:
        source = call["CopySource"]
        data = self._data(source["Bucket"], source["Key"])
        if call["CopySourceIfMatch"] != _etag(data) or call["Key"] in self._storage.objects:
            raise _refusal(412)
        self._change(call["Bucket"], call["Key"], data)
        return {}

    def create_multipart_upload(self, **call: Any) -> Mapping[str, Any]:
        self._check_change(call["Bucket"], call["Key"])
        upload_id = str(next(self._storage.ids))
        self._storage.uploads[upload_id] = {}
        return {"UploadId": upload_id}

    def upload_part(self, **call: Any) -> Mapping[str, Any]:
        self._storage.uploads[call["UploadId"]][call["PartNumber"]] = bytes(call["Body"])
        return {"ETag": str(call["PartNumber"])}

    def complete_multipart_upload(self, **call: Any) -> Mapping[str, Any]:
        parts = self._storage.uploads[call["UploadId"]]
        numbers = [part["PartNumber"] for part in call["MultipartUpload"]["Parts"]]
        self._change(call["Bucket"], call["Key"], b"".join(parts[number] for number in numbers))
        del self._storage.uploads[call["UploadId"]]
        return {}

    def abort_multipart_upload(self, **call: Any) -> Mapping[str, Any]:
        del self._storage.uploads[call["UploadId"]]
        return {}

    def list_objects_v2(self, **call: Any) -> Mapping[str, Any]:
        return next(self._pages(call, call.get("MaxKeys", PAGE)))

    def get_paginator(self, _: str) -> MemoryS3:
        return self

    def paginate(self, **call: Any) -> Iterator[Mapping[str, Any]]:
        return self._pages(call, PAGE)

    def _pages(self, call: Mapping[str, Any], size: int) -> Iterator[Mapping[str, Any]]:
        bucket, prefix = call["Bucket"], call["Prefix"]
        if bucket != self._storage.bucket or not self._may(prefix):
            raise _refusal(403)
        found = self._found(prefix, call.get("Delimiter"))
        for start in range(0, max(1, len(found)), size):
            page = found[start : start + size]
            items = [{"Key": key, "Size": n, "LastModified": LONG_AGO} for key, n in page if n >= 0]
            folders = [{"Prefix": key} for key, n in page if n < 0]
            yield {"Contents": items, "CommonPrefixes": folders, "KeyCount": len(page)}

    def _found(self, prefix: str, delimiter: str | None) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        with self._storage.lock:
            for key, data in self._storage.objects.items():
                name, slash, _ = key[len(prefix) :].partition(delimiter or "\0")
                if key.startswith(prefix):
                    found[prefix + name + slash] = -1 if slash else len(data)
        return sorted(found.items(), key=lambda item: item[0].encode())

    def _data(self, bucket: str, key: str) -> bytes:
        if bucket != self._storage.bucket or not self._may(key):
            raise _refusal(403)
        data = self._storage.objects.get(key)
        if data is None:
            raise _refusal(404 if self._home is None else 403)
        return data

    def _change(self, bucket: str, key: str, data: bytes | None) -> None:
        self._check_change(bucket, key)
        with self._storage.lock:
            if data is None:
                self._storage.objects.pop(key, None)
            else:
                self._storage.objects[key] = data

    def _check_change(self, bucket: str, key: str) -> None:
        if not key:
            raise ValueError("boto3 asks S3 nothing without a key")
        self.asked.add(key)
        if bucket != self._storage.bucket or not self._may(key):
            raise _refusal(403)
        if len(key.encode()) > 1024:
            raise _refusal(400)

    def _may(self, key: str) -> bool:
        return self._home is None or key.startswith(f"{self._home}/")


def _refusal(status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": "Refused"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Operation",
    )


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
