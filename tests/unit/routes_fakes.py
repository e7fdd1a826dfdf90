"""A bucket that keeps every version of `watchdog.config`, and a stack with it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sftp_watchdog.names import CONFIG_KEY

from tests.unit.operate_fakes import BUCKET, NOW, FakeVersions, Place
from tests.unit.watchdog_fakes import client_error

_OUTPUTS = {
    "BucketName": BUCKET,
    "LedgerBucketName": "ledger-1",
    "WatchdogFunctionName": "dev-quillgate-sftp-watchdog",
    "QueueUrl": "http://queue",
    "DeadLetterQueueUrl": "http://dead-letters",
}


def toml(project: str = "acme-sales", directory: str = "acme/incoming", **more: str) -> str:
    """One route; its stories go where the fake stack lets Quill write."""
    route = {"project": project, "directory": directory, "stories": "acme/outgoing", **more}
    return "[[route]]\n" + "".join(f'{name} = "{value}"\n' for name, value in route.items())


@dataclass(frozen=True)
class Kept:
    """One version; `body` is None for a delete marker."""

    version_id: str
    body: bytes | None
    metadata: dict[str, str]
    moment: datetime
    etag: str = ""


class VersionedS3(FakeVersions):
    """Newest first; each a second after the one before. Another object's name begins so, too."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self.versions_kept: list[Kept] = []
        self.gets = 0
        for text in texts:
            self.put_object(Key=CONFIG_KEY, Body=text.encode())

    def put_object(self, **request: Any) -> dict[str, Any]:
        answer = super().put_object(**request)
        if request["Key"] != CONFIG_KEY:
            return answer
        kept = self._keep(request["Body"], request.get("Metadata", {}), answer["ETag"])
        return {**answer, "VersionId": kept.version_id}

    def delete_object(self, **request: Any) -> None:
        super().delete_object(**request)
        self._keep(None, {}, "")

    def get_object(self, **request: Any) -> dict[str, Any]:
        if request["Key"] != CONFIG_KEY:
            return super().get_object(**request)
        self.gets += 1
        if "VersionId" not in request:
            super().get_object(**request)
        kept = self._kept(request)
        if kept.body is None:
            raise client_error(405, "MethodNotAllowed")
        return {
            "Body": io.BytesIO(kept.body),
            "ETag": kept.etag,
            "VersionId": kept.version_id,
            "Metadata": kept.metadata,
            "LastModified": kept.moment,
        }

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        ids = [each.version_id for each in self.versions_kept]
        first = ids.index(request["VersionIdMarker"]) + 1 if "VersionIdMarker" in request else 0
        page = self.versions_kept[first : first + request["MaxKeys"]]
        has_more = len(ids) > first + len(page)
        other = {"Key": f"{CONFIG_KEY}.old", "VersionId": "o", "LastModified": NOW, "ETag": '"o"'}
        return {
            "Versions": [self._listed(each) for each in page if each.body is not None]
            + ([] if has_more else [{**other, "IsLatest": True, "Size": 1}]),
            "DeleteMarkers": [self._listed(each) for each in page if each.body is None],
            "IsTruncated": has_more,
            **({"NextKeyMarker": CONFIG_KEY, "NextVersionIdMarker": ids[first + len(page) - 1]}
               if has_more else {}),
        }  # fmt: skip

    def _keep(self, body: bytes | None, metadata: dict[str, str], etag: str) -> Kept:
        number = len(self.versions_kept)
        moment = NOW + timedelta(seconds=number)
        self.versions_kept.insert(0, Kept(f"v{number + 1}", body, metadata, moment, etag))
        return self.versions_kept[0]

    def _kept(self, request: dict[str, Any]) -> Kept:
        wanted = request.get("VersionId", self.versions_kept[0].version_id)
        for each in self.versions_kept:
            if each.version_id == wanted:
                return each
        raise client_error(404, "NoSuchVersion")

    def _listed(self, kept: Kept) -> dict[str, Any]:
        found = {
            "Key": CONFIG_KEY,
            "VersionId": kept.version_id,
            "LastModified": kept.moment,
            "IsLatest": kept is self.versions_kept[0],
        }
        if kept.body is None:
            return found
        return {**found, "ETag": kept.etag, "Size": len(kept.body)}


def place(*texts: str, environment: str = "embedded", stories: str = "*/outgoing/*") -> Place:
    """A stack in whose bucket these routes were stored, one after the other."""
    stack = {
        "Parameters": [{"ParameterKey": "StoriesPattern", "ParameterValue": stories}],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in _OUTPUTS.items()],
    }
    formation = SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [stack]})
    return Place(s3=VersionedS3(*texts), formation=formation, environment=environment)
