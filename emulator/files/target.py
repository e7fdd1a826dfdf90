"""The object an upload will become, and what S3 is told with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CONTENT_TYPE = "binary/octet-stream"  # S3's own default; engines differ, so it is said


@dataclass(frozen=True)
class Target:
    """One bucket and key, with the client that may write there and the object's metadata."""

    s3: S3Client
    bucket: str
    key: str
    metadata: Mapping[str, str]
