"""A sweep of a million keys, with S3 simulated at its API: pages of 1,000 versions and names."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError
from sftp_watchdog.config import Config
from sftp_watchdog.events import of_version
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import DAYS, Ref
from sftp_watchdog.settings import Settings
from sftp_watchdog.sweep import sweep
from sftp_watchdog.sweep_run import Order, Tools
from sftp_watchdog.versions import Versions

from benchmarks.memory import peaks, resident

KEYS = 1_000_000
LOST = 100
_PAGE = 1_000
_FOLDER = "acme/incoming/"
_BUCKET = "uploads"
_STORED = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
_ROUTES = b'[[route]]\nproject = "acme"\ndirectory = "acme/incoming"\nstories = "acme/outgoing"\n'


@dataclass(frozen=True)
class Swept:
    """One sweep. `memory` is what the process grew by, in bytes; `requests` are by operation."""

    keys: int
    lost: int
    put_back: int
    seconds: float
    keys_per_second: float
    memory: int
    requests: dict[str, int]


class SimulatedS3:
    """Uploads and ledger of `keys` files, of which the ledger lists all but the first `lost`."""

    def __init__(self, keys: int, lost: int) -> None:
        self.requests: Counter[str] = Counter()
        self._keys, self._lost = keys, lost
        self._texts: dict[str, bytes] = {}

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        """The page after `KeyMarker`."""
        self.requests["ListObjectVersions"] += 1
        begin = int(request.get("KeyMarker", "-1").rpartition("/")[2].split(".")[0]) + 1
        end = min(begin + _PAGE, self._keys)
        versions = [_version(number) for number in range(begin, end)]
        answer: dict[str, Any] = {"Versions": versions, "IsTruncated": end < self._keys}
        return answer | {"NextKeyMarker": versions[-1]["Key"], "NextVersionIdMarker": ""}

    def get_paginator(self, _: str) -> Any:
        """ListObjectsV2 of the ledger's lists: only that of the days has names."""
        return SimpleNamespace(paginate=self._names)

    def _names(self, **request: Any) -> Iterator[dict[str, Any]]:
        begin = self._lost if request["Prefix"] == DAYS else self._keys
        for start in range(begin, max(self._keys, begin + 1), _PAGE):
            self.requests["ListObjectsV2"] += 1
            numbers = range(start, min(start + _PAGE, self._keys))
            yield {"Contents": [{"Key": _listed(number)} for number in numbers]}

    def get_object(self, **request: Any) -> dict[str, Any]:
        """The routes and what was put; no entry."""
        self.requests["GetObject"] += 1
        if request["Bucket"] == _BUCKET:
            return {"Body": io.BytesIO(_ROUTES), "ETag": "e"}
        if request["Key"] not in self._texts:
            metadata: Any = {"ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(metadata, "GetObject")
        return {"Body": io.BytesIO(self._texts[request["Key"]]), "ETag": "e"}

    def put_object(self, **request: Any) -> None:
        """Keep a small text."""
        self.requests["PutObject"] += 1
        self._texts[request["Key"]] = request["Body"]

    def send_message_batch(self, **_: Any) -> dict[str, Any]:
        """Take all messages."""
        self.requests["SendMessageBatch"] += 1
        return {}


def _version(number: int) -> dict[str, Any]:
    return {
        "Key": f"{_FOLDER}{number:09}.csv",
        "VersionId": hashlib.md5(number.to_bytes(8), usedforsecurity=False).hexdigest(),
        "Size": 1234,
        "ETag": '"d41d8cd98f00b204e9800998ecf8427e"',
        "LastModified": _STORED,
        "IsLatest": True,
        "StorageClass": "STANDARD",
    }


def _listed(number: int) -> str:
    upload = of_version(_BUCKET, _version(number))
    name = Ref.of(upload.key, upload.upload_id).listed(upload.uploaded_at)
    return f"{DAYS}{upload.uploaded_at[:10]}/{name}"


def measure(keys: int = KEYS, lost: int = LOST) -> Swept:
    """Sweep `keys` files of which `lost` are unknown; the simulation's own time is taken off."""
    simulated = _simulation_seconds(keys, lost)
    s3, process = SimulatedS3(keys, lost), {"sweep": os.getpid()}
    before = resident(os.getpid())
    begun = time.perf_counter()
    with peaks(process) as found:
        put_back = _sweep(s3)
        seconds = max(time.perf_counter() - begun - simulated, 0.001)
    memory = max(found["sweep"] - before, 0)
    return Swept(keys, lost, put_back, seconds, keys / seconds, memory, dict(s3.requests))


def _sweep(simulated: SimulatedS3) -> int:
    client = cast("Any", simulated)
    settings = Settings(_BUCKET, "ledger", "secret", "http://queue")
    ledger = Ledger(client, "ledger")
    config = Config(client, settings, ledger, lambda *_: None)
    versions = Versions(client, _BUCKET)
    tools = Tools(versions, ledger, config, client, settings, lambda _: None)
    return sweep(tools, Order(grace_seconds=900)).swept


def _simulation_seconds(keys: int, lost: int) -> float:
    """What it takes to make up the pages."""
    s3, marker = SimulatedS3(keys, lost), "-1"
    begun = time.perf_counter()
    while (page := s3.list_object_versions(KeyMarker=marker))["IsTruncated"]:
        marker = page["NextKeyMarker"]
    for _ in s3.get_paginator("list_objects_v2").paginate(Prefix=DAYS):
        pass
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(json.dumps(asdict(measure()), indent=2))
