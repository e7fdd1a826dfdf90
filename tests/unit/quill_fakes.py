from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from emulator.quill.contract import Notification
from emulator.quill.objects import ObjectError

EXAMPLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "notification.json").read_text(encoding="utf-8")
)
TOKEN = "right token"


def message(name: str = "q3 sales.csv", **members: Any) -> dict[str, Any]:
    """The example, for another file of the same folder."""
    key = f"acme/incoming/eu/{name}"
    file_id = hashlib.sha256(key.encode()).hexdigest()
    return {**EXAMPLE, "id": file_id, "key": key, **members}


def notification(name: str = "q3 sales.csv", **members: Any) -> Notification:
    return Notification.model_validate(message(name, **members))


class FakeObjects:
    """A bucket in memory. `refusals`: how many calls still fail, as S3 does without permission."""

    def __init__(self, refusals: int = 0) -> None:
        self.files: dict[str, bytes] = {}
        self.stories: dict[str, str] = {}
        self.puts: list[str] = []
        self.refusals = refusals
        self.reading = threading.Event()
        self.may_read = threading.Event()
        self.may_read.set()

    def read(self, bucket: str, key: str, version_id: str) -> Iterator[bytes]:
        assert (bucket, version_id) == (EXAMPLE["bucket"], EXAMPLE["version_id"])
        self.reading.set()
        assert self.may_read.wait(5)
        if self.refusals:
            self.refusals -= 1
            raise ObjectError(f"reading the file failed: 's3://{bucket}/{key}' - AccessDenied")
        yield self.files.get(key, b"")

    def put_text(self, bucket: str, key: str, text: str) -> None:
        assert bucket == EXAMPLE["bucket"]
        self.stories[key] = text
        self.puts.append(key)


def eventually(assertion: Callable[[], object], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            assertion()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.005)
        else:
            return
