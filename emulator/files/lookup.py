"""Is it a file, a folder, or nothing? S3 has no such question, so two or three others are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.files.errors import NoSuchFile, PermissionDenied, s3_errors
from emulator.files.listing import Entry
from emulator.files.location import KEY_LIMIT, Location

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef


class Lookup:
    """Find things by HeadObject and ListObjectsV2, with what the user is allowed of the two."""

    def __init__(self, s3: S3Client) -> None:
        self._s3 = s3

    def find(self, location: Location) -> Entry | None:
        """Describe what is there; PermissionDenied when the user may not know.

        HEAD of a missing key is 403, not 404, for users whose ListBucket depends on `s3:prefix` (S3
        API reference, HeadObject): the listing then tells a missing file from a forbidden one.
        """
        try:
            return self._file(location) or self._folder(location)
        except PermissionDenied:
            pass
        try:
            if self._keys(location, location.key, 1) != [location.key]:
                return self._folder(location)
        except PermissionDenied as error:
            raise PermissionDenied("Forbidden") from error
        raise PermissionDenied("Forbidden")

    def head(self, location: Location) -> HeadObjectOutputTypeDef:
        """Ask for an object's headers; NoSuchFile when it is not there."""
        with s3_errors():
            return self._s3.head_object(Bucket=location.bucket or "", Key=location.key)

    def keys_inside(self, location: Location, limit: int) -> list[str]:
        """List the first keys inside a folder, its own marker included."""
        return self._keys(location, location.prefix, limit)

    def _file(self, location: Location) -> Entry | None:
        if not location.key:
            return None
        try:
            head = self.head(location)
        except NoSuchFile:
            return None
        modified = head["LastModified"].timestamp()
        return Entry(
            _name(location), is_folder=False, size=head["ContentLength"], modified=modified
        )

    def _folder(self, location: Location) -> Entry | None:
        keys = self.keys_inside(location, 1)
        return Entry(_name(location), is_folder=True) if keys or not location.key else None

    def _keys(self, location: Location, prefix: str, limit: int) -> list[str]:
        if len(prefix.encode()) > KEY_LIMIT:
            return []
        with s3_errors():
            answer = self._s3.list_objects_v2(
                Bucket=location.bucket or "", Prefix=prefix, MaxKeys=limit
            )
        return [item["Key"] for item in answer.get("Contents", [])]


def _name(location: Location) -> str:
    return location.path.rpartition("/")[2]
